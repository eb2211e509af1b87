// Trailing stops as legs of pairs, and as the stops of entries: what they trail behind, and from when on.
#include "family_venue.hpp"

namespace exchange::engine::testing {
namespace {

class TrailingChildTest : public FamilyVenue {
 protected:
  PlaceOrder trailing(Side side, std::int64_t ticks, TriggerReference reference = TriggerReference::kDefault) {
    PlaceOrder order = market(kAlice, side, 400);
    order.type = OrderType::kTrailingStop;
    SpecialTerms& terms = terms_.emplace_back();
    terms.trailing_ticks = ticks;
    terms.trigger_reference = reference;
    order.special = &terms;
    return order;
  }
  // Of Alice, as it stands.
  [[nodiscard]] SpecialView shown(std::uint64_t order_id) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    for (const auto& order : read_account(bytes.view()).open_orders) {
      if (order.view.order_id == order_id) return order.special;
    }
    return {};
  }
};

TEST_F(TrailingChildTest, ALegTrailsAndIsReducedByTheOther) {
  const Outcome placed = group(LinkType::kOuo, {profit(), trailing(Side::kSell, 20)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2 * kBaseOf200);
  trade_at(10'100);
  EXPECT_EQ(shown(number(placed, 1)).trigger_price, 10'000);
  buy(100);
  EXPECT_EQ(now(number(placed, 1)).leaves_quantity, 300);
  EXPECT_EQ(shown(number(placed, 1)).trigger_price, 10'100) << "the take-profit traded at 10,200";
  expect_saved_as_it_is();
}

TEST_F(TrailingChildTest, ALegThatComesTrueCancelsTheOther) {
  const Outcome placed = group(LinkType::kOco, {profit(), trailing(Side::kSell, 20)});
  submit(limit(kBob, Side::kBuy, 9'890, 600));
  submit(limit(kBob, Side::kBuy, 9'900, 200));
  const Outcome down = submit(limit(kCarol, Side::kSell, 9'900, 200));
  EXPECT_EQ(last_of(down, number(placed, 1)).status, OrderStatus::kFilled);
  EXPECT_EQ(last_of(down, number(placed, 0)).end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(TrailingChildTest, AnExitBeginsAtThePriceOfTheFirstFill) {
  const Outcome placed = group(LinkType::kBracket, {entry(), profit(), trailing(Side::kSell, 40)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(shown(number(placed, 2)).trigger_price, 9'800) << "as it would stand now";
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
  trade_at(10'150);
  EXPECT_EQ(shown(number(placed, 2)).watermark_price, 10'000) << "it does not trail before its entry has filled";
  expect_saved_as_it_is();
  const Outcome filled = sell(200);
  EXPECT_EQ(causes_of(filled, number(placed, 2)), std::vector{OrderUpdateCause::kActivated});
  EXPECT_EQ(shown(number(placed, 2)).watermark_price, 9'900);
  EXPECT_EQ(shown(number(placed, 2)).trigger_price, 9'700);
  EXPECT_EQ(now(number(placed, 2)).quantity, 200);
  trade_at(10'000);
  EXPECT_EQ(shown(number(placed, 2)).trigger_price, 9'800);
  sell(200);
  EXPECT_EQ(now(number(placed, 2)).quantity, 400);
  EXPECT_EQ(shown(number(placed, 2)).watermark_price, 10'000) << "what it gets later moves it nowhere";
  expect_saved_as_it_is();
}

TEST_F(TrailingChildTest, AnExitThatComesTrueTakesTheProfitWithIt) {
  const Outcome placed = group(LinkType::kBracket, {entry(), profit(), trailing(Side::kSell, 20)});
  sell(400);
  trade_at(10'100);
  submit(limit(kBob, Side::kBuy, 9'990, 600));
  submit(limit(kBob, Side::kBuy, 10'000, 200));
  const Outcome down = submit(limit(kCarol, Side::kSell, 10'000, 200));
  EXPECT_EQ(last_of(down, number(placed, 2)).status, OrderStatus::kFilled);
  EXPECT_EQ(last_of(down, number(placed, 1)).end_reason, EndReason::kLinkedOrder);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(TrailingChildTest, AChildTrailsBehindNothingThatCameBeforeItsFill) {
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), trailing(Side::kSell, 20)});
  trade_at(10'200);
  const std::uint64_t alone = submit(trailing(Side::kSell, 70)).order().order_id;
  sell(400);
  EXPECT_EQ(shown(number(placed, 1)).watermark_price, 9'900);
  EXPECT_EQ(shown(alone).watermark_price, 10'200);
}

TEST_F(TrailingChildTest, ThoseThatTrailKeepTheirTurnsOverARestart) {
  const Outcome first = group(LinkType::kOtoPartial, {entry(), trailing(Side::kSell, 40)});
  const std::uint64_t alone = submit(trailing(Side::kSell, 60)).order().order_id;
  trade_at(10'050);
  sell(400);
  EXPECT_EQ(shown(number(first, 1)).watermark_price, 9'900);
  EXPECT_EQ(shown(alone).watermark_price, 10'050);
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_TRUE(save(loaded) == saved);
  core_ = std::move(loaded);
  trade_at(10'000);
  EXPECT_EQ(shown(number(first, 1)).watermark_price, 10'000);
  EXPECT_EQ(shown(alone).watermark_price, 10'050);
}

TEST_F(TrailingChildTest, WithoutAPriceToBeginAtItIsOverAndItsOwnerIsTold) {
  submit(limit(kBob, Side::kBuy, 9'000, 200));
  const PlaceOrder child = trailing(Side::kSell, 20, TriggerReference::kBidAsk);
  const Outcome placed = group(LinkType::kOtoPartial, {entry(), child});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  MassCancel all{.account_id = kBob, .valid_until_ns = now_ns_ + kMinute};
  submit(all);
  const Outcome filled = sell(400);
  EXPECT_EQ(last_of(filled, number(placed, 1)).status, OrderStatus::kCancelled);
  EXPECT_EQ(last_of(filled, number(placed, 1)).end_reason, EndReason::kRiskAtTrigger);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
}

TEST_F(TrailingChildTest, ItWaitsForTheMarketToMatchBeforeItBegins) {
  const Outcome placed = group(LinkType::kOtoFull, {entry(), trailing(Side::kSell, 20)});
  sell(200);
  submit(SetPhase{kBtcKk99, TradingPhase::kPostOnly, AuctionKind::kNone});
  const Outcome ended = submit(cancel(kAlice, number(placed, 0)));
  EXPECT_TRUE(causes_of(ended, number(placed, 1)).empty());
  expect_saved_as_it_is();
  const Outcome open = submit(SetPhase{kBtcKk99, TradingPhase::kContinuous, AuctionKind::kNone});
  EXPECT_EQ(last_of(open, number(placed, 1)).quantity, 200);
  EXPECT_EQ(shown(number(placed, 1)).trigger_price, 9'800);
}

TEST_F(TrailingChildTest, ABuyThatIsPaidInFullIsNoChildForNobodyKnowsWhatItCosts) {
  const PlaceOrder out = limit(kAlice, Side::kSell, 10'100, 400);
  EXPECT_EQ(group(LinkType::kOtoPartial, {out, trailing(Side::kBuy, 20)}).reason(), Reason::kLinkInvalid);
  EXPECT_EQ(group(LinkType::kBracket, {entry(), trailing(Side::kSell, 20), stop()}).reason(), Reason::kLinkInvalid)
      << "it takes no profit";
  EXPECT_EQ(group(LinkType::kOtoPartial, {entry(), trailing(Side::kSell, 2'000)}).result.orders.at(1).reason,
            Reason::kTrailingOffsetOutOfRange);
}

}  // namespace
}  // namespace exchange::engine::testing
