// Pegged orders in groups: as legs of pairs, as parents, and as children.
#include "pegged_venue.hpp"

namespace exchange::engine::testing {
namespace {

class PeggedGroupTest : public PeggedVenue {
 protected:
  Outcome group(LinkType type, const std::vector<PlaceOrder>& orders) {
    return submit(PlaceOrderGroup{.link_type = type, .orders = orders});
  }
  static std::uint64_t number(const Outcome& placed, std::size_t at) {
    return placed.result.orders.at(at).order->view.order_id;
  }
  [[nodiscard]] ReadOrder now(std::uint64_t order_id) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    for (const auto& order : read_account(bytes.view()).open_orders) {
      if (order.view.order_id == order_id) return order;
    }
    return {};
  }
  void expect_saved_as_it_is() {
    const std::string saved = save(core_);
    Core loaded(small_limits(), 0);
    ASSERT_TRUE(load(loaded, saved));
    EXPECT_TRUE(save(loaded) == saved);
  }
};

TEST_F(PeggedGroupTest, ALegFollowsAndAFillOfItActsOnTheOther) {
  const Outcome placed = group(LinkType::kOuo,
                               {pegged(Side::kBuy, PegReference::kPrimary, 1), limit(kAlice, Side::kBuy, 9'900, 200)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kKk99).held, 2'202'201) << "the larger, once: the pegged one at its limit";
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'995, 200}, {9'990, 200}, {9'900, 200}}));
  expect_saved_as_it_is();
  submit(limit(kCarol, Side::kBuy, 10'000, 200));
  EXPECT_EQ(now(number(placed, 0)).special.working_price, 10'005);
  submit(limit(kBob, Side::kSell, 10'005, 100));
  EXPECT_EQ(now(number(placed, 0)).view.leaves_quantity, 100);
  EXPECT_EQ(now(number(placed, 1)).view.leaves_quantity, 100);
  expect_saved_as_it_is();
}

TEST_F(PeggedGroupTest, AFillOfTheOtherTakesItFromTheBookOrFromOutside) {
  const Outcome inside = group(LinkType::kOco,
                               {pegged(Side::kBuy, PegReference::kPrimary, -1),
                                limit(kAlice, Side::kBuy, 10'000, 200)});
  submit(limit(kBob, Side::kSell, 10'000, 100));
  EXPECT_EQ(now(number(inside, 0)).view.order_id, 0U);
  submit(cancel(kAlice, number(inside, 1)));
  EXPECT_EQ(depth(Side::kBuy), (std::vector<PriceLevel>{{9'990, 200}}));

  const Outcome outside = group(LinkType::kOuo,
                                {pegged(Side::kBuy, PegReference::kMid, 0), limit(kAlice, Side::kBuy, 9'995, 200)});
  submit(cancel(kBob, ask_));
  EXPECT_FALSE(now(number(outside, 0)).special.has_working_price);
  submit(limit(kBob, Side::kSell, 9'995, 120));
  EXPECT_EQ(now(number(outside, 0)).view.leaves_quantity, 80);
  expect_saved_as_it_is();
  submit(cancel(kAlice, number(outside, 1)));
  submit(cancel(kAlice, number(outside, 0)));
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(PeggedGroupTest, BothLegsMayFollow) {
  const Outcome placed = group(LinkType::kOco,
                               {pegged(Side::kBuy, PegReference::kPrimary, 0),
                                pegged(Side::kBuy, PegReference::kPrimary, 2)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  const Outcome moved = submit(limit(kCarol, Side::kBuy, 10'000, 200));
  ASSERT_EQ(moved.all<TradeView>().size(), 1U) << "the second went on to 10,010";
  EXPECT_EQ(now(number(placed, 0)).view.order_id, 0U);
  EXPECT_EQ(balance(kAlice, kKk99).held, 0);
}

TEST_F(PeggedGroupTest, ALegThatTheOneBeforeItMovedIsToldWhereItEnters) {
  const Outcome placed = group(LinkType::kOuo,
                               {limit(kAlice, Side::kBuy, 10'000, 200), pegged(Side::kBuy, PegReference::kPrimary, 1)});
  ASSERT_EQ(restated(placed).size(), 1U);
  EXPECT_EQ(restated(placed)[0].order.special.working_price, 10'005);
  EXPECT_EQ(placed.result.orders.at(1).order->special.working_price, 10'005);
  EXPECT_EQ(depth(Side::kBuy).front(), (PriceLevel{10'005, 200}));
}

TEST_F(PeggedGroupTest, AParentFollowsAndFeedsItsChildren) {
  const Outcome placed = group(LinkType::kOtoPartial,
                               {pegged(Side::kBuy, PegReference::kPrimary, 1),
                                limit(kAlice, Side::kSell, 10'200, 200)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(balance(kAlice, kBtc).held, 0);
  submit(limit(kCarol, Side::kBuy, 10'000, 200));
  submit(limit(kBob, Side::kSell, 10'005, 100));
  EXPECT_EQ(now(number(placed, 1)).view.quantity, 100);
  EXPECT_EQ(balance(kAlice, kBtc).held, 1'000'000);
  expect_saved_as_it_is();
}

TEST_F(PeggedGroupTest, AnEntryThatFollowsIsProtectedByItsExits) {
  const SpecialTerms at{.trigger_price = 9'800, .has_trigger_price = true};
  submit(limit(kCarol, Side::kSell, 10'000, 200));
  submit(limit(kBob, Side::kBuy, 10'000, 200));  // the last price
  PlaceOrder stop = market(kAlice, Side::kSell, 200);
  stop.type = OrderType::kStop;
  stop.special = &at;
  const Outcome placed = group(LinkType::kBracket,
                               {pegged(Side::kBuy, PegReference::kPrimary, 0),
                                limit(kAlice, Side::kSell, 10'200, 200), stop});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  submit(cancel(kCarol, bid_));
  EXPECT_FALSE(now(number(placed, 0)).special.has_working_price);
  submit(limit(kCarol, Side::kBuy, 9'980, 110));
  submit(limit(kBob, Side::kSell, 9'980, 310));
  EXPECT_EQ(now(number(placed, 1)).view.quantity, 200);
  EXPECT_EQ(now(number(placed, 2)).view.quantity, 200);
}

TEST_F(PeggedGroupTest, AChildBeginsToFollowWithTheFirstFillOfItsParent) {
  PlaceOrder child = pegged(Side::kSell, PegReference::kPrimary, 1);
  child.quantity = 400;
  const Outcome placed = group(LinkType::kOtoPartial, {limit(kAlice, Side::kBuy, 9'900, 400), child});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(placed.result.orders.at(1).standing.status, OrderStatus::kUntriggered);
  submit(limit(kBob, Side::kSell, 10'005, 100));
  EXPECT_FALSE(now(number(placed, 1)).special.has_working_price);
  expect_saved_as_it_is();
  submit(cancel(kCarol, bid_));
  submit(limit(kBob, Side::kSell, 9'900, 110));
  EXPECT_EQ(now(number(placed, 1)).special.working_price, 10'010);
  EXPECT_EQ(now(number(placed, 1)).view.leaves_quantity, 110);
  submit(limit(kCarol, Side::kSell, 10'000, 100));
  EXPECT_EQ(now(number(placed, 1)).special.working_price, 10'005);
  submit(limit(kBob, Side::kSell, 9'900, 290));
  EXPECT_EQ(now(number(placed, 1)).view.leaves_quantity, 400);
  EXPECT_EQ(depth(Side::kSell), (std::vector<PriceLevel>{{10'000, 100}, {10'005, 500}, {10'010, 200}}));
  expect_saved_as_it_is();
}

TEST_F(PeggedGroupTest, AChildWithoutAReferenceWaitsOutsideTheBookAndGrowsThere) {
  const Outcome placed = group(LinkType::kOtoPartial,
                               {limit(kAlice, Side::kBuy, 9'900, 200), pegged(Side::kSell, PegReference::kMarket, 3)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  submit(cancel(kCarol, bid_));
  submit(limit(kBob, Side::kSell, 9'900, 200));
  EXPECT_FALSE(now(number(placed, 1)).special.has_working_price) << "there is no bid any more";
  EXPECT_EQ(now(number(placed, 1)).view.leaves_quantity, 200);
  EXPECT_EQ(balance(kAlice, kBtc).held, 2'000'000);
  expect_saved_as_it_is();
  submit(limit(kCarol, Side::kBuy, 9'950, 110));
  EXPECT_EQ(now(number(placed, 1)).special.working_price, 9'965);
}

TEST_F(PeggedGroupTest, AnExitOfABracketFollowsNothing) {
  const SpecialTerms at{.trigger_price = 9'800, .has_trigger_price = true};
  PlaceOrder stop = market(kAlice, Side::kSell, 200);
  stop.type = OrderType::kStop;
  stop.special = &at;
  const PlaceOrder entry = limit(kAlice, Side::kBuy, 9'900, 200);
  EXPECT_EQ(group(LinkType::kBracket,
                  {entry, pegged(Side::kSell, PegReference::kPrimary, 1), stop}).reason(), Reason::kLinkInvalid);
}

TEST_F(PeggedGroupTest, ADamagedStateIsRefusedOrConsistent) {
  group(LinkType::kOuo, {pegged(Side::kBuy, PegReference::kPrimary, 1), limit(kAlice, Side::kBuy, 9'900, 200)});
  group(LinkType::kOtoPartial,
        {pegged(Side::kBuy, PegReference::kPrimary, 0), pegged(Side::kSell, PegReference::kPrimary, 1)});
  submit(limit(kBob, Side::kSell, 9'990, 300));
  const std::string saved = save(core_);
  for (std::size_t at = 0; at < saved.size(); at += 7) {
    std::string damaged = saved;
    damaged[at] ^= static_cast<char>(1U << (at % 8));
    Core core(small_limits(), 0);
    if (load(core, damaged)) {
      EXPECT_TRUE(core.consistent()) << at;
    }
  }
}

}  // namespace
}  // namespace exchange::engine::testing
