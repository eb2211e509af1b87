// A venue with a market of plain orders, and what orders that follow it are made of.
#pragma once

#include <deque>
#include <vector>

#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {

class PeggedVenue : public Venue {
 protected:
  // Plain orders: a bid at 9,990 and an offer at 10,010; the tick is 5.
  void SetUp() override {
    Venue::SetUp();
    bid_ = submit(limit(kCarol, Side::kBuy, 9'990, 200)).order().order_id;
    ask_ = submit(limit(kBob, Side::kSell, 10'010, 200)).order().order_id;
  }

  PlaceOrder pegged(Side side, PegReference reference, std::int64_t offset, std::int64_t most = 0) {
    PlaceOrder order = limit(kAlice, side, most != 0 ? most : side == Side::kBuy ? 11'000 : 9'000, 200);
    order.type = OrderType::kPegged;
    terms_.push_back({.peg_offset_ticks = offset, .peg_reference = reference});
    order.special = &terms_.back();
    return order;
  }
  std::int64_t working(const PlaceOrder& order) {
    const Outcome placed = submit(order);
    EXPECT_EQ(placed.reason(), Reason::kNone);
    EXPECT_TRUE(placed.result.order->special.has_working_price);
    return placed.result.order->special.working_price;
  }
  static std::vector<OrderEvent> restated(const Outcome& outcome) {
    std::vector<OrderEvent> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) {
      if (event.cause == OrderUpdateCause::kRestatedPeg) out.push_back(event);
    }
    return out;
  }
  AmendOrder amend(std::uint64_t order_id) const {
    return {.account_id = kAlice, .order_id = order_id, .valid_until_ns = now_ns_ + kMinute};
  }

  std::uint64_t bid_ = 0;
  std::uint64_t ask_ = 0;
  std::deque<SpecialTerms> terms_;
};

}  // namespace exchange::engine::testing
