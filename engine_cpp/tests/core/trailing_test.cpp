// Trailing stops: where they stand, when they come true, what they hold, and who is told of it.
#include "trigger_venue.hpp"

namespace exchange::engine::testing {
namespace {

class TrailingTest : public TriggerVenue {
 protected:
  PlaceOrder trailing(Side side, std::int64_t ticks, std::uint32_t bps = 0,
                      TriggerReference reference = TriggerReference::kDefault) {
    PlaceOrder order = market(kAlice, side, 200);
    order.type = OrderType::kTrailingStop;
    SpecialTerms& terms = terms_.emplace_back();
    terms.trailing_ticks = ticks;
    terms.trailing_bps = bps;
    terms.trigger_reference = reference;
    order.special = &terms;
    return order;
  }

  SpecialView shown(std::size_t order = 0) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    return read_account(bytes.view()).open_orders.at(order).special;
  }
};

TEST_F(TrailingTest, ASellStandsBelowTheHighestPriceThatItHasSeen) {
  const Outcome placed = submit(trailing(Side::kSell, 20));
  EXPECT_EQ(placed.order().status, OrderStatus::kUntriggered);
  EXPECT_EQ(placed.result.order->special.trigger_price, 9'900);
  EXPECT_EQ(placed.result.order->special.watermark_price, 10'000);
  trade_at(10'200);
  EXPECT_EQ(shown().watermark_price, 10'200);
  trade_at(10'105);
  EXPECT_EQ(shown().trigger_price, 10'100);
  submit(limit(kBob, Side::kBuy, 10'100, 600));
  const std::vector<OrderEvent> events = of_alice(submit(limit(kCarol, Side::kSell, 10'100, 200)));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].cause, OrderUpdateCause::kTriggered);
  EXPECT_EQ(events[0].order.special.trigger_price, 10'100);
  EXPECT_EQ(events[1].fill->price, 10'100);
}

TEST_F(TrailingTest, ABuyStandsAboveTheLowestPriceThatItHasSeen) {
  submit(trailing(Side::kBuy, 20));
  EXPECT_EQ(shown().trigger_price, 10'100);
  trade_at(9'800);
  trade_at(9'895);
  EXPECT_EQ(shown().trigger_price, 9'900);
  const std::vector<OrderEvent> events = [&] {
    submit(limit(kCarol, Side::kSell, 9'900, 600));
    return of_alice(submit(limit(kBob, Side::kBuy, 9'900, 200)));
  }();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].fill->quantity, 200);
}

TEST_F(TrailingTest, ABuyRoundsUpAndASellDown) {
  submit(mark_at(10'003));
  submit(trailing(Side::kBuy, 0, 7, TriggerReference::kMark));   // 10,003 + 7.0021
  submit(trailing(Side::kSell, 0, 7, TriggerReference::kMark));  // 10,003 - 7.0021
  submit(trailing(Side::kBuy, 1, 0, TriggerReference::kMark));   // 10,008
  submit(trailing(Side::kSell, 1, 0, TriggerReference::kMark));  // 9,998
  EXPECT_EQ(shown(0).trigger_price, 10'015);
  EXPECT_EQ(shown(1).trigger_price, 9'995);
  EXPECT_EQ(shown(2).trigger_price, 10'010);
  EXPECT_EQ(shown(3).trigger_price, 9'995);
}

TEST_F(TrailingTest, AMoveIsToldAndAWorsePriceMovesNothing) {
  const Outcome placed = submit(trailing(Side::kSell, 20));
  submit(limit(kCarol, Side::kSell, 10'050, 200));
  const std::vector<OrderEvent> up = of_alice(submit(limit(kBob, Side::kBuy, 10'050, 200)));
  ASSERT_EQ(up.size(), 1U);
  EXPECT_EQ(up[0].cause, OrderUpdateCause::kRestatedTrailing);
  EXPECT_EQ(up[0].order.view.version, placed.order().version + 1);
  EXPECT_EQ(up[0].order.special.watermark_price, 10'050);
  EXPECT_EQ(up[0].order.special.trigger_price, 9'950);
  submit(limit(kCarol, Side::kSell, 10'000, 200));
  EXPECT_TRUE(of_alice(submit(limit(kBob, Side::kBuy, 10'000, 200))).empty());
}

TEST_F(TrailingTest, OneCommandTellsAHundredAndTheNextTheRestButAllStandWhereTheyShould) {
  for (int n = 0; n < 150; ++n) submit(trailing(Side::kSell, 20));
  submit(limit(kCarol, Side::kSell, 10'050, 200));
  EXPECT_EQ(of_alice(submit(limit(kBob, Side::kBuy, 10'050, 200))).size(), 100U);
  EXPECT_EQ(shown(149).trigger_price, 9'950);
  EXPECT_LE(core_.next_deadline().value(), now_ns_);
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(save(loaded), saved);
  EXPECT_EQ(of_alice(submit(Tick{})).size(), 50U);
  EXPECT_GT(core_.next_deadline().value(), now_ns_);
}

TEST_F(TrailingTest, EachKeepsItsOwnWatermarkAndTheyComeTrueByTheirOwnDistance) {
  const auto far = submit(trailing(Side::kSell, 40)).order().order_id;
  trade_at(10'100);
  trade_at(10'000);
  const auto near = submit(trailing(Side::kSell, 10)).order().order_id;
  trade_at(10'050);
  EXPECT_EQ(shown(0).trigger_price, 9'900);
  EXPECT_EQ(shown(1).trigger_price, 10'000);
  const auto fired = [&](std::int64_t price) {
    submit(limit(kCarol, Side::kSell, price, 200));
    std::vector<std::uint64_t> out;
    for (const OrderEvent& event : of_alice(submit(limit(kBob, Side::kBuy, price, 200)))) {
      if (event.cause == OrderUpdateCause::kTriggered) out.push_back(event.order.view.order_id);
    }
    return out;
  };
  EXPECT_TRUE(fired(10'005).empty());
  EXPECT_EQ(fired(10'000), std::vector{near});
  EXPECT_TRUE(fired(9'905).empty());
  EXPECT_EQ(fired(9'900), std::vector{far});
}

TEST_F(TrailingTest, ABuyHoldsWhatItCanCostAtItsFirstTrigger) {
  const Outcome placed = submit(trailing(Side::kBuy, 20));
  const std::int64_t held = balance(kAlice, kKk99).held;
  trade_at(9'000);
  EXPECT_EQ(balance(kAlice, kKk99).held, held);
  submit(cancel(kAlice, placed.order().order_id));
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
  submit(limit(kAlice, Side::kBuy, 10'150, 200));  // 50 basis points above 10,100
  EXPECT_EQ(balance(kAlice, kKk99).held, held);
}

TEST_F(TrailingTest, TheOffsetIsPositiveAndLeadsToAPrice) {
  EXPECT_EQ(submit(trailing(Side::kSell, -1)).reason(), Reason::kTrailingOffsetOutOfRange);
  EXPECT_EQ(submit(trailing(Side::kSell, 2'000)).reason(), Reason::kTrailingOffsetOutOfRange);
  EXPECT_EQ(submit(trailing(Side::kSell, 0, 10'000)).reason(), Reason::kTrailingOffsetOutOfRange);
  EXPECT_EQ(submit(trailing(Side::kBuy, INT64_MAX)).reason(), Reason::kTrailingOffsetOutOfRange);
  EXPECT_EQ(submit(trailing(Side::kSell, 900)).reason(), Reason::kNone);
  EXPECT_EQ(submit(trailing(Side::kSell, 1, 0, TriggerReference::kMark)).reason(), Reason::kNoReferencePrice);
}

TEST_F(TrailingTest, ItHasOneOffsetAndNoTriggerOfItsOwn) {
  EXPECT_EQ(submit(trailing(Side::kSell, 0)).reason(), Reason::kOrderFieldsConflict);
  EXPECT_EQ(submit(trailing(Side::kSell, 1, 1)).reason(), Reason::kOrderFieldsConflict);
  PlaceOrder order = trailing(Side::kSell, 1);
  terms_.back().has_trigger_price = true;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
  order = waiting(OrderType::kStop, Side::kSell, 9'000);
  terms_.back().trailing_ticks = 1;
  EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(TrailingTest, AnAmendChangesItsQuantityAndNotItsTrigger) {
  const Outcome placed = submit(trailing(Side::kSell, 20));
  trade_at(10'050);
  AmendOrder amend{.account_id = kAlice, .order_id = placed.order().order_id, .valid_until_ns = now_ns_ + kMinute};
  amend.quantity = 400;
  amend.size = AmendSize::kTotal;
  const Outcome amended = submit(amend);
  EXPECT_EQ(amended.reason(), Reason::kNone);
  EXPECT_EQ(amended.result.order->special.trigger_price, 9'950);
  amend.trigger_price = 9'000;
  amend.has_trigger_price = true;
  EXPECT_EQ(submit(amend).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(TrailingTest, NothingMovesWhileTheMarketDoesNotMatch) {
  submit(mark_at(10'000));
  submit(trailing(Side::kSell, 20, 0, TriggerReference::kMark));
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kHalt});
  submit(mark_at(12'000));
  EXPECT_EQ(shown().watermark_price, 10'000);
  submit(mark_at(10'500));
  submit(SetPhase{.instrument_id = kBtcKk99, .phase = TradingPhase::kContinuous});
  EXPECT_EQ(shown().watermark_price, 10'500);
}

TEST_F(TrailingTest, ManyDistancesAndMovesSurviveARestart) {
  for (int n = 0; n < 300; ++n) {
    submit(n % 2 == 0 ? trailing(n % 4 == 0 ? Side::kSell : Side::kBuy, 200 + n * 7 % 90)
                      : trailing(n % 4 == 1 ? Side::kSell : Side::kBuy, 0, static_cast<std::uint32_t>(900 + n * 13 % 70)));
    if (n % 7 == 0) trade_at(10'000 + 5 * (n * 11 % 40));
    ASSERT_TRUE(core_.consistent());
  }
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_EQ(save(loaded), saved);
}

}  // namespace
}  // namespace exchange::engine::testing
