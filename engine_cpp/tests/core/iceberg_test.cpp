// Orders of which the book shows a slice at a time: what is visible, in which order it trades, what an amend leaves of it.
#include <deque>

#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class IcebergTest : public Venue {
 protected:
  PlaceOrder iceberg(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity,
                     std::int64_t display) {
    PlaceOrder order = limit(account, side, price, quantity);
    terms_.push_back({.display_quantity = display});
    order.special = &terms_.back();
    return order;
  }
  PlaceOrder sell_slices(std::int64_t quantity, std::int64_t display) {
    return iceberg(kBob, Side::kSell, 10'000, quantity, display);
  }
  Outcome buy(std::int64_t quantity) { return submit(limit(kAlice, Side::kBuy, 10'000, quantity)); }
  AmendOrder amend(std::uint64_t order_id) const {
    return {.account_id = kBob, .order_id = order_id, .valid_until_ns = now_ns_ + kMinute};
  }
  AmendOrder amend_display(std::uint64_t order_id, std::int64_t display) const {
    AmendOrder command = amend(order_id);
    command.display_quantity = display;
    command.has_display_quantity = true;
    return command;
  }
  AmendOrder amend_total(std::uint64_t order_id, std::int64_t quantity) const {
    AmendOrder command = amend(order_id);
    command.quantity = quantity;
    command.size = AmendSize::kTotal;
    return command;
  }
  // Makers of the trades, in their order.
  static std::vector<std::uint64_t> makers(const Outcome& outcome) {
    std::vector<std::uint64_t> out;
    for (const TradeView& trade : outcome.all<TradeView>()) out.push_back(trade.maker_order_id);
    return out;
  }
  static std::vector<std::int64_t> quantities(const Outcome& outcome) {
    std::vector<std::int64_t> out;
    for (const TradeView& trade : outcome.all<TradeView>()) out.push_back(trade.quantity);
    return out;
  }
  std::vector<PriceLevel> asks() const { return depth(Side::kSell); }
  static std::vector<PriceLevel> shown(std::int64_t quantity) { return {{10'000, quantity}}; }

  std::deque<SpecialTerms> terms_;
};

TEST_F(IcebergTest, OnlyASliceIsVisibleAndAllIsHeld) {
  const Outcome placed = submit(sell_slices(1'000, 200));
  EXPECT_EQ(asks(), shown(200));
  EXPECT_EQ(placed.all<BookChangeView>().at(0).quantity, 200);
  EXPECT_EQ(balance(kBob, kBtc).held, 10'000'000);
  EXPECT_EQ(placed.order().leaves_quantity, 1'000);
  EXPECT_EQ(placed.result.order->special.display_quantity, 200);
  EXPECT_EQ(placed.result.order->special.displayed_quantity, 200);
  EXPECT_EQ(placed.result.order->special.slice_id, placed.order().order_id);
  submit(iceberg(kAlice, Side::kBuy, 9'000, 1'000, 200));
  EXPECT_EQ(balance(kAlice, kKk99).held, 9'009'001);
}

TEST_F(IcebergTest, TheDisplayIsAtLeastALotAndAFifteenthAndAtMostAll) {
  for (const std::int64_t display : {std::int64_t{-10}, std::int64_t{5}, std::int64_t{60}, std::int64_t{1'010}}) {
    EXPECT_EQ(submit(sell_slices(1'000, display)).reason(), Reason::kDisplayQuantityOutOfRange) << display;
  }
  EXPECT_EQ(submit(sell_slices(1'000, 70)).reason(), Reason::kNone);
  EXPECT_EQ(submit(sell_slices(1'000, 1'000)).reason(), Reason::kNone);
  EXPECT_EQ(submit(sell_slices(150, 10)).reason(), Reason::kNone);
  EXPECT_EQ(submit(sell_slices(160, 10)).reason(), Reason::kDisplayQuantityOutOfRange);
}

TEST_F(IcebergTest, NotWithWhatDoesNotRest) {
  PlaceOrder order = sell_slices(1'000, 200);
  for (const TimeInForce time_in_force : {TimeInForce::kIoc, TimeInForce::kFok}) {
    order.time_in_force = time_in_force;
    EXPECT_EQ(submit(order).reason(), Reason::kOrderFieldsConflict);
  }
  PlaceOrder at_market = market(kBob, Side::kSell, 1'000);
  at_market.special = order.special;
  EXPECT_EQ(submit(at_market).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(IcebergTest, ATradedSliceMakesRoomForTheNextUnderANewNumber) {
  const std::uint64_t id = submit(sell_slices(500, 200)).order().order_id;
  const Outcome part = buy(100);
  EXPECT_EQ(part.all<OrderEvent>().at(1).order.special.displayed_quantity, 100);
  EXPECT_EQ(asks(), shown(100));
  const Outcome taken = buy(100);
  const std::vector<OrderEvent> updates = taken.all<OrderEvent>();
  ASSERT_EQ(updates.size(), 4U);  // accepted, the maker's fill, the taker's fill, the next slice
  EXPECT_EQ(updates[1].order.special.displayed_quantity, 0);
  EXPECT_EQ(updates[1].order.view.status, OrderStatus::kPartiallyFilled);
  const OrderEvent& next = updates[3];
  EXPECT_EQ(next.cause, OrderUpdateCause::kRestatedSlice);
  EXPECT_EQ(next.order.view.order_id, id);
  EXPECT_EQ(next.order.view.version, updates[1].order.view.version + 1);
  EXPECT_EQ(next.order.special.displayed_quantity, 200);
  EXPECT_GT(next.order.special.slice_id, updates[0].order.view.order_id);
  EXPECT_EQ(asks(), shown(200));
  EXPECT_EQ(balance(kBob, kBtc).held, 3'000'000);
  buy(200);
  EXPECT_EQ(asks(), shown(100));  // all that is left
  const Outcome last = buy(100);
  EXPECT_EQ(last.all<OrderEvent>().at(1).order.view.status, OrderStatus::kFilled);
  EXPECT_EQ(last.all<OrderEvent>().size(), 3U);
  EXPECT_TRUE(asks().empty());
  EXPECT_EQ(balance(kBob, kBtc).held, 0);
}

TEST_F(IcebergTest, NoOrderGetsTheNumberOfASlice) {
  submit(sell_slices(500, 200));
  const Outcome taken = buy(200);
  const std::uint64_t slice = taken.all<OrderEvent>().at(3).order.special.slice_id;
  EXPECT_EQ(submit(limit(kAlice, Side::kBuy, 9'000, 200)).order().order_id, slice + 1);
  EXPECT_EQ(submit(cancel(kBob, slice)).reason(), Reason::kOrderNotFound);
}

TEST_F(IcebergTest, AllThatIsVisibleTradesBeforeAnyNewSlice) {
  const std::uint64_t one = submit(sell_slices(400, 100)).order().order_id;
  const std::uint64_t two = submit(sell_slices(300, 200)).order().order_id;
  const std::uint64_t plain = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  EXPECT_EQ(asks(), shown(400));
  const Outcome taken = buy(800);
  EXPECT_EQ(makers(taken), (std::vector{one, two, plain, one, two, one, one}));
  EXPECT_EQ(quantities(taken), (std::vector<std::int64_t>{100, 200, 100, 100, 100, 100, 100}));
  EXPECT_TRUE(asks().empty());
}

TEST_F(IcebergTest, ATakerShowsASliceOfWhatItLeaves) {
  submit(limit(kBob, Side::kSell, 10'000, 400));
  const Outcome crossed = submit(iceberg(kAlice, Side::kBuy, 10'000, 500, 200));
  EXPECT_EQ(crossed.order().cum_quantity, 400);
  EXPECT_EQ(crossed.result.order->special.displayed_quantity, 100);
  EXPECT_EQ(depth(Side::kBuy), shown(100));
}

TEST_F(IcebergTest, AFillOrKillCountsWhatIsHidden) {
  submit(sell_slices(500, 200));
  PlaceOrder all = limit(kAlice, Side::kBuy, 10'000, 510);
  all.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(all).order().end_reason, EndReason::kFokNotFillable);
  PlaceOrder fits = limit(kAlice, Side::kBuy, 10'000, 500);
  fits.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(fits).order().status, OrderStatus::kFilled);
}

TEST_F(IcebergTest, WhatIsHiddenBehindAnOwnOrderIsNotCounted) {
  submit(sell_slices(500, 200));
  submit(limit(kCarol, Side::kSell, 10'000, 100));
  PlaceOrder all = limit(kDave, Side::kBuy, 10'000, 210);
  all.time_in_force = TimeInForce::kFok;
  all.self_trade_prevention = SelfTradePrevention::kCancelTaker;
  EXPECT_EQ(submit(all).order().end_reason, EndReason::kFokNotFillable);
  PlaceOrder visible = limit(kDave, Side::kBuy, 10'000, 200);
  visible.time_in_force = TimeInForce::kFok;
  visible.self_trade_prevention = SelfTradePrevention::kCancelTaker;
  EXPECT_EQ(submit(visible).order().status, OrderStatus::kFilled);
}

TEST_F(IcebergTest, DecrementTakesASliceAtATime) {
  submit(iceberg(kCarol, Side::kSell, 10'000, 500, 200));
  PlaceOrder own = limit(kDave, Side::kBuy, 10'000, 300);
  own.self_trade_prevention = SelfTradePrevention::kDecrement;
  const Outcome met = submit(own);
  std::vector<std::int64_t> prevented;
  for (const PreventedMatchView& match : met.all<PreventedMatchView>()) prevented.push_back(match.quantity);
  EXPECT_EQ(prevented, (std::vector<std::int64_t>{200, 100}));
  EXPECT_EQ(met.order().prevented_quantity, 300);
  EXPECT_EQ(asks(), shown(100));
  EXPECT_EQ(balance(kCarol, kBtc).held, 2'000'000);
}

TEST_F(IcebergTest, ACancelledMakerGoesWithAllThatItHides) {
  const std::uint64_t id = submit(iceberg(kCarol, Side::kSell, 10'000, 500, 200)).order().order_id;
  const Outcome met = submit(limit(kDave, Side::kBuy, 10'000, 300));
  EXPECT_EQ(met.order().cum_quantity, 0);
  const std::vector<OrderEvent> updates = met.all<OrderEvent>();
  EXPECT_EQ(updates.at(1).order.view.order_id, id);
  EXPECT_EQ(updates.at(1).order.view.cancelled_quantity, 500);
  EXPECT_EQ(updates.at(1).order.special.displayed_quantity, 0);
  EXPECT_EQ(balance(kCarol, kBtc).held, 0);
}

TEST_F(IcebergTest, ABudgetThatASliceUsesUpEndsWithItsLastTrade) {
  submit(sell_slices(500, 100));
  PlaceOrder budget = market(kAlice, Side::kBuy, 0);
  budget.quote_budget = 1'001'000;
  const Outcome taken = submit(budget);
  EXPECT_EQ(taken.order().status, OrderStatus::kFilled);
  EXPECT_EQ(taken.order().cum_quantity, 100);
  EXPECT_EQ(taken.all<OrderEvent>().back().cause, OrderUpdateCause::kRestatedSlice);
}

TEST_F(IcebergTest, AnAmendThatOnlyShrinksKeepsPlaceAndSlice) {
  const std::uint64_t first = submit(sell_slices(500, 200)).order().order_id;
  submit(limit(kBob, Side::kSell, 10'000, 100));
  buy(100);
  const Outcome smaller = submit(amend_total(first, 400));
  EXPECT_EQ(smaller.result.order->special.displayed_quantity, 100);
  EXPECT_EQ(smaller.result.order->special.slice_id, first);
  EXPECT_TRUE(smaller.all<BookChangeView>().empty());
  EXPECT_EQ(asks(), shown(200));
  const Outcome thinner = submit(amend_display(first, 50));
  EXPECT_EQ(thinner.result.order->special.displayed_quantity, 50);
  EXPECT_EQ(asks(), shown(150));
  EXPECT_EQ(makers(buy(100)).front(), first);
  EXPECT_EQ(balance(kBob, kBtc).held, 3'000'000);
}

TEST_F(IcebergTest, AGrowingQuantityOrDisplayLosesThePlaceAndKeepsTheSlice) {
  const std::uint64_t first = submit(sell_slices(500, 200)).order().order_id;
  const std::uint64_t second = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  buy(100);
  const Outcome wider = submit(amend_display(first, 300));
  EXPECT_EQ(wider.result.order->special.displayed_quantity, 100);
  EXPECT_EQ(makers(buy(100)).front(), second);
  const std::uint64_t third = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  submit(amend_total(first, 600));
  EXPECT_EQ(makers(buy(100)).front(), third);
  const Outcome next = buy(100);
  EXPECT_EQ(next.all<OrderEvent>().back().order.special.displayed_quantity, 300);
  EXPECT_EQ(asks(), shown(300));
}

TEST_F(IcebergTest, AnAmendIsHeldToTheRangeOfTheDisplay) {
  const std::uint64_t id = submit(sell_slices(600, 40)).order().order_id;
  EXPECT_EQ(submit(amend_total(id, 610)).reason(), Reason::kDisplayQuantityOutOfRange);
  for (const std::int64_t display : {std::int64_t{0}, std::int64_t{30}, std::int64_t{45}, std::int64_t{610}}) {
    EXPECT_EQ(submit(amend_display(id, display)).reason(), Reason::kDisplayQuantityOutOfRange) << display;
  }
  EXPECT_EQ(submit(amend_total(id, 100)).reason(), Reason::kNone);
  const std::uint64_t plain = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  EXPECT_EQ(submit(amend_display(plain, 50)).reason(), Reason::kOrderFieldsConflict);
}

TEST_F(IcebergTest, AQuantityBelowTheDisplayShowsAllThatIsLeft) {
  const std::uint64_t id = submit(sell_slices(600, 300)).order().order_id;
  const Outcome smaller = submit(amend_total(id, 100));
  EXPECT_EQ(smaller.result.order->special.displayed_quantity, 100);
  EXPECT_EQ(asks(), shown(100));
}

TEST_F(IcebergTest, AllOfItTakesPartInAnAuctionAndSlicesTakeTurnsThere) {
  submit(SetPhase{kBtcKk99, TradingPhase::kAuction, AuctionKind::kIntraday});
  const std::uint64_t first = submit(sell_slices(300, 100)).order().order_id;
  const std::uint64_t second = submit(limit(kBob, Side::kSell, 10'000, 100)).order().order_id;
  const Outcome told = submit(limit(kAlice, Side::kBuy, 10'000, 300));
  EXPECT_EQ(told.all<AuctionEvent>().at(0).view.quantity, 300);
  const Outcome uncrossed = submit(SetPhase{kBtcKk99, TradingPhase::kContinuous, AuctionKind::kNone});
  EXPECT_EQ(makers(uncrossed), (std::vector{first, second, first}));
  EXPECT_EQ(asks(), shown(100));
}

TEST_F(IcebergTest, AnAuctionIsToldAgainWhenOnlyWhatIsHiddenChanges) {
  submit(SetPhase{kBtcKk99, TradingPhase::kAuction, AuctionKind::kIntraday});
  const std::uint64_t id = submit(sell_slices(300, 100)).order().order_id;
  buy(300);
  const Outcome smaller = submit(amend_total(id, 200));
  EXPECT_TRUE(smaller.all<BookChangeView>().empty());
  EXPECT_EQ(smaller.all<AuctionEvent>().at(0).view.quantity, 200);
}

TEST_F(IcebergTest, SlicesSurviveARestart) {
  submit(sell_slices(500, 200));
  submit(sell_slices(400, 100));
  buy(300);
  buy(100);
  const std::string saved = save(core_);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, saved));
  EXPECT_TRUE(loaded.consistent());
  EXPECT_EQ(save(loaded), saved);
  core_ = std::move(loaded);
  EXPECT_EQ(asks(), shown(200));
  EXPECT_EQ(quantities(buy(500)), (std::vector<std::int64_t>{100, 100, 100, 100, 100}));
}

}  // namespace
}  // namespace exchange::engine::testing
