// Orders that enter together: all or none, in pairs, or with the fills of another.
#include <array>
#include <span>

#include "command_stream.hpp"
#include "listings.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {

// Few, and most of them such as would enter alone.
std::string CommandStream::place_together() {
  std::array<Made, 4> made;
  std::vector<PlaceOrder> orders;
  const auto count = static_cast<std::size_t>(1 + below(std::ssize(made)));
  for (Made& one : std::span(made).first(count)) {
    one_in(3) ? make_on_margin(one, margin_instrument()) : make(one);
    one.special.validate_only = one.special.validate_only && one_in(10);
    if (one_in(3)) one.order.account_id = made.front().order.account_id;
    if (one_in(30)) one.order.client_order_id = made.front().id;
    if (one_in(40)) spoil(one.order);
    orders.push_back(one.order);
  }
  return encode(PlaceOrders{orders});
}

std::string CommandStream::place_group() {
  if (one_in(40)) return place_pair(static_cast<LinkType>(1 + below(5)));
  if (one_in(2)) return place_pair(any({LinkType::kOco, LinkType::kOuo}));
  return place_family(any({LinkType::kOtoPartial, LinkType::kOtoPartial, LinkType::kOtoFull, LinkType::kBracket,
                           LinkType::kBracket}));
}

// Mostly two that go together.
std::string CommandStream::place_pair(LinkType type) {
  std::array<Made, 3> made;
  std::vector<PlaceOrder> legs;
  const std::size_t count = one_in(40) ? 3 : 2;
  const bool margin = one_in(3);
  const std::uint32_t instrument = margin_instrument();
  for (Made& leg : std::span(made).first(count)) {
    const PlaceOrder& first = made.front().order;
    do {
      leg.special = {};
      margin ? make_on_margin(leg, instrument) : make(leg);
    } while (!legs.empty() && leg.order.instrument_id != first.instrument_id);
    leg.special.reduce_only = leg.special.reduce_only && one_in(20);
    if (!one_in(30)) leg.order.account_id = first.account_id;
    if (!one_in(30)) leg.order.side = first.side;
    if (leg.order.quote_budget != 0 && !one_in(10)) {
      leg.order.quantity = 10 * (1 + below(40));
      leg.order.quote_budget = 0;
    }
    if (margin && leg.order.price == 0 && has_limit(leg.order.type)) leg.order.price = margin_price(instrument);
    if (one_in(3)) leg.order.quantity = first.quantity;
    leg.special.validate_only = leg.special.validate_only && one_in(20);
    legs.push_back(leg.order);
  }
  if (one_in(30)) spoil(legs[one_in(2) ? 1 : 0]);
  return encode(PlaceOrderGroup{.link_type = type, .orders = legs});
}

// An order near the market, and children that mostly fit it.
std::string CommandStream::place_family(LinkType type) {
  std::array<Made, 4> made;
  std::vector<PlaceOrder> orders;
  const bool bracket = type == LinkType::kBracket;
  const bool margin = one_in(3);
  const std::uint32_t instrument = margin_instrument();
  const std::int64_t count = one_in(40) ? 2 + below(3) : bracket ? 3 : 2 + (one_in(3) ? 1 + below(2) : 0);
  for (Made& one : std::span(made).first(static_cast<std::size_t>(count))) {
    const PlaceOrder& first = made.front().order;
    do {
      one.special = {};
      margin ? make_on_margin(one, instrument) : make(one);
    } while (one.order.quote_budget != 0 || (!orders.empty() && one.order.instrument_id != first.instrument_id));
    if (!orders.empty()) {
      make_child(one, first, bracket, orders.size());
    } else if (!one_in(4)) {
      make_plain(one);
    } else if (one_in(3)) {
      make_pegged_near(one);
    }
    one.special.reduce_only = one.special.reduce_only && one_in(20);
    orders.push_back(one.order);
  }
  if (one_in(30)) spoil(orders[static_cast<std::size_t>(below(count))]);
  return encode(PlaceOrderGroup{.link_type = type, .orders = orders});
}

void CommandStream::make_plain(Made& made) {
  PlaceOrder& order = made.order;
  order.type = OrderType::kLimit;
  order.time_in_force = TimeInForce::kGtc;
  order.price = price_near(order.instrument_id);
  made.special = {.tag = made.special.tag, .post_only_reprice = order.post_only && one_in(2)};
  if (one_in(6)) make_expiring(order, made.special);
}

void CommandStream::make_pegged_near(Made& made) {
  PlaceOrder& order = made.order;
  const std::int64_t quantity = order.quantity;
  make_pegged(order, made.special, order.instrument_id == kEthBtc);
  order.price = price_near(order.instrument_id);
  order.quantity = quantity;
}

void CommandStream::make_child(Made& made, const PlaceOrder& parent, bool exits, std::size_t place) {
  PlaceOrder& order = made.order;
  if (exits ? !one_in(30) : !one_in(4)) order.side = parent.side == Side::kBuy ? Side::kSell : Side::kBuy;
  if (!one_in(20)) {
    if (exits ? place == 2 || one_in(3) : one_in(2)) {
      made.special = {};
      make_waiting(order, made.special, order.instrument_id == kEthBtc);
      if (has_limit(order.type)) order.price = price_near(order.instrument_id);
      if (made.special.has_trigger_price) made.special.trigger_price = price_near(order.instrument_id);
      if (exits) order.type = with_limit(order.type, place == 2);
    } else if (one_in(6)) {
      make_pegged_near(made);
    } else {
      make_plain(made);
    }
  }
  if (!one_in(40)) order.account_id = parent.account_id;
  if (!one_in(40)) order.quantity = parent.quantity;
}

std::int64_t CommandStream::price_near(std::uint32_t instrument) {
  if (instrument == kEthBtc) return 10 * (300 + below(12));
  return instrument == kBtcKk99 ? 5 * (2'000 + below(12)) : margin_price(instrument);
}

OrderType CommandStream::with_limit(OrderType type, bool stops) {
  if (type == OrderType::kTrailingStop && stops) return type;
  if (has_limit(type)) return stops ? OrderType::kStopLimit : OrderType::kTakeProfitLimit;
  return stops ? OrderType::kStop : OrderType::kTakeProfit;
}

}  // namespace exchange::engine::testing
