// A venue with a last price, and what orders that wait for a price are made of.
#pragma once

#include <deque>
#include <vector>

#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {

class TriggerVenue : public Venue {
 protected:
  // Lists, funds, and makes the last trade at 10,000.
  void SetUp() override {
    Venue::SetUp();
    trade_at(10'000);
  }

  void trade_at(std::int64_t price) {
    submit(limit(kCarol, Side::kSell, price, 200));
    submit(limit(kBob, Side::kBuy, price, 200));
  }

  PlaceOrder waiting(OrderType type, Side side, std::int64_t trigger, std::int64_t price = 0,
                     TriggerReference reference = TriggerReference::kDefault) {
    PlaceOrder order = has_limit(type) ? limit(kAlice, side, price, 200) : market(kAlice, side, 200);
    order.type = type;
    SpecialTerms& terms = terms_.emplace_back();
    terms.trigger_price = trigger;
    terms.has_trigger_price = true;
    terms.trigger_reference = reference;
    order.special = &terms;
    return order;
  }

  // Updates of Alice's orders.
  static std::vector<OrderEvent> of_alice(const Outcome& outcome) {
    std::vector<OrderEvent> out;
    for (const OrderEvent& event : outcome.all<OrderEvent>()) {
      if (event.order.view.account_id == kAlice) out.push_back(event);
    }
    return out;
  }

  static SetMarkPrice mark_at(std::int64_t price) {
    SetMarkPrice prices{.instrument_id = kBtcKk99};
    prices.mark_price = price;
    prices.has_mark_price = true;
    return prices;
  }

  std::deque<SpecialTerms> terms_;
};

}  // namespace exchange::engine::testing
