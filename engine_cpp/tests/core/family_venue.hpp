// A venue with parents and their children.
#pragma once

#include "trigger_venue.hpp"

namespace exchange::engine::testing {

class FamilyVenue : public TriggerVenue {
 protected:
  static constexpr std::int64_t kBaseOf200 = 2'000'000;  // what a sell of 200 gives

  Outcome group(LinkType type, const std::vector<PlaceOrder>& orders) {
    return submit(PlaceOrderGroup{.link_type = type, .orders = orders});
  }
  PlaceOrder entry(std::int64_t quantity = 400) { return limit(kAlice, Side::kBuy, 9'900, quantity); }
  PlaceOrder profit(std::int64_t quantity = 400) { return limit(kAlice, Side::kSell, 10'200, quantity); }
  PlaceOrder exit(OrderType type, Side side, std::int64_t trigger, std::int64_t price = 0) {
    PlaceOrder order = waiting(type, side, trigger, price);
    order.quantity = 400;
    return order;
  }
  PlaceOrder stop(std::int64_t trigger = 9'800) { return exit(OrderType::kStop, Side::kSell, trigger); }
  Outcome oto(LinkType type = LinkType::kOtoPartial) { return group(type, {entry(), profit()}); }
  Outcome bracket() { return group(LinkType::kBracket, {entry(), profit(), stop()}); }
  // Bob sells to whoever buys, or buys from whoever sells.
  Outcome sell(std::int64_t quantity, std::int64_t price = 9'900) {
    return submit(limit(kBob, Side::kSell, price, quantity));
  }
  Outcome buy(std::int64_t quantity, std::int64_t price = 10'200) {
    return submit(limit(kBob, Side::kBuy, price, quantity));
  }

  static const OrderView& leg(const Outcome& placed, std::size_t at) { return placed.result.orders.at(at).order->view; }
  static std::uint64_t number(const Outcome& placed, std::size_t at) { return leg(placed, at).order_id; }
  // Of Alice, if it is open.
  [[nodiscard]] OrderView now(std::uint64_t order_id) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(kAlice, bytes));
    for (const auto& order : read_account(bytes.view()).open_orders) {
      if (order.view.order_id == order_id) return order.view;
    }
    return {};
  }
  // The last that Alice was told of an order.
  static OrderView last_of(const Outcome& outcome, std::uint64_t order_id) {
    OrderView view;
    for (const OrderEvent& event : of_alice(outcome)) {
      if (event.order.view.order_id == order_id) view = event.order.view;
    }
    return view;
  }
  static std::vector<OrderUpdateCause> causes_of(const Outcome& outcome, std::uint64_t order_id) {
    std::vector<OrderUpdateCause> causes;
    for (const OrderEvent& event : of_alice(outcome)) {
      if (event.order.view.order_id == order_id) causes.push_back(event.cause);
    }
    return causes;
  }
  [[nodiscard]] AmendOrder amend_of(std::uint64_t order_id) const {
    return {.account_id = kAlice, .order_id = order_id, .valid_until_ns = now_ns_ + kMinute};
  }
  void expect_saved_as_it_is() {
    const std::string saved = save(core_);
    Core loaded(small_limits(), 0);
    ASSERT_TRUE(load(loaded, saved));
    EXPECT_TRUE(save(loaded) == saved);
  }
};

}  // namespace exchange::engine::testing
