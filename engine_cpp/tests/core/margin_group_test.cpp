// Groups on margin: what they expose their account to, and what fills make of them.
#include "margin_venue.hpp"

namespace exchange::engine::testing {
namespace {

class MarginGroupTest : public MarginVenue {
 protected:
  Outcome group(LinkType type, const std::vector<PlaceOrder>& orders) {
    return submit(PlaceOrderGroup{.link_type = type, .orders = orders});
  }
  PlaceOrder stop(Side side, std::int64_t trigger, std::int64_t quantity) {
    PlaceOrder order = on(kOilFuture, market(kAlice, side, quantity));
    order.type = OrderType::kStop;
    terms_.push_back({.trigger_price = trigger, .has_trigger_price = true});
    order.special = &terms_.back();
    return order;
  }
  static std::uint64_t number(const Outcome& placed, std::size_t at) {
    return placed.result.orders.at(at).order->view.order_id;
  }
  [[nodiscard]] OrderView now(std::uint64_t order_id) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    for (const auto& order : read_account(bytes.view()).open_orders) {
      if (order.view.order_id == order_id) return order.view;
    }
    return {};
  }
  // So much may still be transferred out: what no margin needs.
  [[nodiscard]] std::int64_t free_of_margin() {
    std::int64_t low = 0;
    std::int64_t high = money(kAlice) + 1;
    while (low + 1 < high) {
      const std::int64_t middle = low + (high - low) / 2;
      Core copy(small_limits(), 0);
      EXPECT_TRUE(load(copy, save(core_)));
      (can_take(copy, middle) ? low : high) = middle;
    }
    return low;
  }
  bool can_take(Core& core, std::int64_t amount) const {
    const std::string request =
        submit_request({encode(Transfer{TransferDirection::kOut, transfer_seq_ + 1, kAlice, kKk99, amount})});
    Batch batch;
    EXPECT_EQ(Core::decode(bytes_of(request), kAllCommandKinds, batch), Reason::kNone);
    ByteBuffer result;
    ByteBuffer events;
    core.apply(batch.commands.at(0), {core.last_stamp().engine_seq + 1, now_ns_}, result, events);
    return read_results(result.view()).at(0).reason == Reason::kNone;
  }
  std::int64_t taken_by(LinkType type, const std::vector<PlaceOrder>& orders) {
    const std::int64_t before = free_of_margin();
    EXPECT_EQ(group(type, orders).reason(), Reason::kNone);
    return before - free_of_margin();
  }

  std::deque<SpecialTerms> terms_;
};

TEST_F(MarginGroupTest, APairTakesTheLargerMarginOnce) {
  const std::int64_t before = free_of_margin();
  submit(oil(kAlice, Side::kBuy, 45, 200));
  const std::int64_t larger = before - free_of_margin();
  EXPECT_GT(larger, 0);
  MassCancel all{.account_id = kAlice, .valid_until_ns = now_ns_ + kMinute};
  submit(all);
  for (const LinkType type : {LinkType::kOco, LinkType::kOuo}) {
    EXPECT_EQ(taken_by(type, {oil(kAlice, Side::kBuy, 40, 100), oil(kAlice, Side::kBuy, 45, 200)}), larger);
    submit(all);
  }
}

TEST_F(MarginGroupTest, ExitsOfAPositionTakeNoMoreThanThePosition) {
  trade(kAlice, kBob, 50, 200);
  const std::int64_t before = free_of_margin();
  const Outcome placed =
      group(LinkType::kOco, {oil(kAlice, Side::kSell, 60, 200), stop(Side::kSell, 40, 200)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  EXPECT_EQ(free_of_margin(), before - 1'200'000 - 1) << "the worst fee of the dearer exit";
  submit(oil(kBob, Side::kBuy, 60, 200));
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(now(number(placed, 1)).order_id, 0U);
}

TEST_F(MarginGroupTest, ABracketTakesTheMarginOfItsEntry) {
  const std::int64_t before = free_of_margin();
  submit(oil(kAlice, Side::kBuy, 45, 200));
  const std::int64_t entry = before - free_of_margin();
  MassCancel all{.account_id = kAlice, .valid_until_ns = now_ns_ + kMinute};
  submit(all);
  EXPECT_EQ(taken_by(LinkType::kBracket, {oil(kAlice, Side::kBuy, 45, 200), oil(kAlice, Side::kSell, 60, 200),
                                          stop(Side::kSell, 40, 200)}),
            entry);
  submit(all);
  EXPECT_EQ(free_of_margin(), before);
}

TEST_F(MarginGroupTest, AShortOneIsBackedByItsEntryToo) {
  const Outcome placed = group(LinkType::kBracket, {oil(kAlice, Side::kSell, 55, 200), oil(kAlice, Side::kBuy, 40, 200),
                                                    stop(Side::kBuy, 65, 200)});
  ASSERT_EQ(placed.reason(), Reason::kNone);
  submit(oil(kBob, Side::kBuy, 55, 100));
  EXPECT_EQ(position(kAlice).quantity, -100);
  EXPECT_EQ(now(number(placed, 1)).quantity, 100);
  EXPECT_EQ(now(number(placed, 2)).quantity, 100);
  submit(oil(kBob, Side::kSell, 40, 100));
  EXPECT_EQ(position(kAlice).quantity, 0);
  EXPECT_EQ(now(number(placed, 0)).order_id, 0U) << "left through an exit";
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
}

TEST_F(MarginGroupTest, AnUncrossAndAFillOrKillCountAPairOnceBesideOrdersThatReduce) {
  trade(kCarol, kBob, 50, 100);
  PlaceOrder reducing = oil(kCarol, Side::kSell, 60, 100);
  const SpecialTerms reduce{.reduce_only = true};
  reducing.special = &reduce;
  ASSERT_EQ(submit(reducing).reason(), Reason::kNone);
  group(LinkType::kOco, {oil(kAlice, Side::kSell, 55, 100), oil(kAlice, Side::kSell, 60, 100)});
  PlaceOrder all = oil(kBob, Side::kBuy, 60, 300);
  all.time_in_force = TimeInForce::kFok;
  EXPECT_EQ(submit(all).order().end_reason, EndReason::kFokNotFillable);
  submit(SetPhase{.instrument_id = kOilFuture, .phase = TradingPhase::kAuction, .auction_kind = AuctionKind::kIntraday});
  submit(oil(kBob, Side::kBuy, 60, 300));
  const Outcome open = submit(SetPhase{.instrument_id = kOilFuture, .phase = TradingPhase::kContinuous});
  std::int64_t traded = 0;
  for (const TradeView& trade : open.all<TradeView>()) traded += trade.quantity;
  EXPECT_EQ(traded, 200);
}

TEST_F(MarginGroupTest, WhatOnlyReducesIsNoLeg) {
  trade(kAlice, kBob, 50, 200);
  PlaceOrder reducing = oil(kAlice, Side::kSell, 60, 200);
  const SpecialTerms reduce{.reduce_only = true};
  reducing.special = &reduce;
  EXPECT_EQ(group(LinkType::kOco, {reducing, stop(Side::kSell, 40, 200)}).reason(), Reason::kLinkInvalid);
}

}  // namespace
}  // namespace exchange::engine::testing
