// Groups with a parent: the accounts' half.
#include "children.hpp"

#include <algorithm>

#include "accounts.hpp"
#include "bands.hpp"
#include "checks.hpp"
#include "group_shape.hpp"

namespace exchange::engine {

// A sell is backed by what a buy brings, to the unit; what a sell brings may be too little for a buy.
void Accounts::find_fed(std::span<const PlaceOrder> orders, LinkType link, std::vector<Entrant>& out) const noexcept {
  if (!has_children(link)) return;
  const Slot instrument = instruments_.find(orders.front().instrument_id);
  const bool on_margin = instrument != kNil && instruments_[instrument].on_margin;
  bool feeds = on_margin || orders.front().side == Side::kBuy;
  for (std::size_t i = 1; i < orders.size(); ++i) {
    out[i].is_child = true;
    out[i].is_fed = feeds && orders[i].side != orders.front().side;
    if (out[i].is_fed && link != LinkType::kBracket) feeds = false;
  }
}

bool Accounts::has_unbounded_child(const PlaceOrderGroup& command) const noexcept {
  const Slot instrument = instruments_.find(command.orders.front().instrument_id);
  const bool in_full = instrument != kNil && !instruments_[instrument].on_margin;
  if (!in_full || !has_children(command.link_type)) return false;
  return std::ranges::any_of(command.orders.subspan(1), [](const PlaceOrder& child) {
    return child.type == OrderType::kTrailingStop && child.side == Side::kBuy;
  });
}

// What its trigger watches counts from its first fill on; what trails begins anew then, and says where it would now.
Pricing Accounts::price_child(const PlaceOrder& command, Slot slot, const WatchedPrices& prices) const noexcept {
  if (command.type == OrderType::kTrailingStop) return price_waiting(command, slot, prices);
  const std::int64_t worst = has_limit(command.type)
                                 ? command.price
                                 : protected_price(instruments_[slot], command.side, command.special->trigger_price);
  return {Reason::kNone, worst, worst, 0};
}

void Accounts::lead(Slot slot, LinkType type) noexcept {
  const OrderRecord& parent = orders_[slot];
  SpecialRecord& special = orders_.specials()[parent.special];
  special.view.link_id = parent.view.order_id;
  special.view.link_type = type;
  special.leads = true;
  orders_.refer(slot);
}

// The exit that the next child is to be a pair with.
Slot Accounts::pair_of_next(Slot parent) const noexcept {
  const SpecialView& special = *orders_.special_view(orders_[parent]);
  return special.link_type == LinkType::kBracket ? orders_.find(special.link_id + 1) : kNil;
}

void Accounts::enter_child(const PlaceOrder& command, Entrant& entrant, Slot parent, Step& step) {
  const Admission& admission = entrant.admission;
  const Slot pair = pair_of_next(parent);
  if (pair != kNil && orders_[pair].is_on_margin()) [[unlikely]] discount(orders_[pair]);
  entrant.order = enter(command, admission.account, admission.inquiry.instrument, step);
  OrderRecord& order = orders_[entrant.order];
  SpecialRecord& special = orders_.specials()[order.special];
  const SpecialView& first = *orders_.special_view(orders_[parent]);
  special.view.link_id = first.link_id;
  special.view.link_type = first.link_type;
  special.view.parent_order_id = first.link_id;
  special.awaits = true;
  special.is_fed = entrant.is_fed;
  special.promised = entrant.is_fed ? -command.quantity : 0;
  order.view.status = OrderStatus::kUntriggered;
  order.hold_price = entrant.pricing.worst;
  begin_to_trail(entrant.order, entrant.pricing.watermark);
  if (instruments_[order.instrument].on_margin) return enter_position(order);
  find_balances(order);
  const std::int64_t more = missing(order, required_hold(order));
  AccountBalance& balance = given(order);
  balance.available -= more;
  balance.held += more;
  order.held += more;
  assert(balance.available >= 0);
}

Children Accounts::children_of(const OrderRecord& parent) const noexcept {
  Children out;
  const std::uint64_t number = parent.view.order_id;
  for (std::uint64_t i = 1; i < kMaxGroupOrders; ++i) {
    const Slot slot = orders_.find(number + i);
    if (slot == kNil || !is_active(orders_[slot].view.status)) continue;
    const SpecialView* const special = orders_.special_view(orders_[slot]);
    if (special != nullptr && special->parent_order_id == number) out.add(slot);
  }
  return out;
}

bool Accounts::has_left(const OrderRecord& parent) const noexcept {
  if (orders_.special_view(parent)->link_type != LinkType::kBracket || !is_active(parent.view.status)) return false;
  for (const std::uint64_t exit : {parent.view.order_id + 1, parent.view.order_id + 2}) {
    const Slot slot = orders_.find(exit);
    if (slot != kNil && orders_[slot].view.status == OrderStatus::kFilled) return true;
  }
  return false;
}

void Accounts::stir(const OrderRecord& order) {
  const SpecialView& special = *orders_.special_view(order);
  if (!has_children(special.link_type)) return;
  const auto at = std::ranges::lower_bound(stirred_, special.link_id);
  if (at == stirred_.end() || *at != special.link_id) stirred_.insert(at, special.link_id);
}

// What a fed child needs is there from the fill on, though it is given to it later.
void Accounts::feed(Slot slot, std::int64_t quantity, Step& step) {
  const OrderRecord& parent = orders_[slot];
  if (parent.special == kNil || !orders_.specials()[parent.special].leads) return;
  const Children children = children_of(parent);
  for (const Slot child : children) {
    OrderRecord& order = orders_[child];
    SpecialRecord& special = orders_.specials()[order.special];
    if (!special.is_fed) continue;
    if (order.is_on_margin()) [[unlikely]] discount(order);
    special.promised += quantity;
    if (order.is_on_margin()) [[unlikely]] count(order);
  }
  for (const Slot child : children) rehold(orders_[child], step);
}

bool Accounts::has_news(const OrderRecord& parent) const noexcept {
  const SpecialRecord& special = orders_.specials()[parent.special];
  if (!special.leads) return false;
  if (!is_active(parent.view.status)) return true;
  if (special.view.link_type == LinkType::kOtoFull) return false;
  return parent.view.cum_quantity > special.passed || has_left(parent);
}

// To end them there is always a way; to give them something the market has to take orders, and to match if a child is
// to begin to follow its prices.
bool Accounts::can_take_news(const OrderRecord& parent) const noexcept {
  if (parent.view.cum_quantity == 0) return true;
  const Children children = children_of(parent);
  const bool follows = std::ranges::any_of(children, [&](Slot child) {
    const OrderType type = orders_[child].view.type;
    return orders_.awaits_parent(orders_[child]) && (type == OrderType::kTrailingStop || type == OrderType::kPegged);
  });
  const Instrument& instrument = instruments_[parent.instrument];
  return children.empty() || (follows ? instrument.phase == TradingPhase::kContinuous : may_amend(instrument));
}

bool Accounts::has_to_pass_on() const noexcept {
  return std::ranges::any_of(stirred_, [&](std::uint64_t number) {
    const Slot slot = orders_.find(number);
    return slot != kNil && has_news(orders_[slot]) && can_take_news(orders_[slot]);
  });
}

Slot Accounts::next_to_pass_on() noexcept {
  for (std::size_t i = 0; i < stirred_.size();) {
    const Slot slot = orders_.find(stirred_[i]);
    const bool news = slot != kNil && has_news(orders_[slot]);
    if (news && !can_take_news(orders_[slot])) {
      ++i;
      continue;
    }
    stirred_.erase(stirred_.begin() + static_cast<std::ptrdiff_t>(i));
    if (news) return slot;
  }
  return kNil;
}

bool Accounts::is_to_trail(Slot child) const noexcept {
  return orders_[child].view.type == OrderType::kTrailingStop && orders_.awaits_parent(orders_[child]);
}

// A buy trades no further than what it was measured at: on margin that follows the trigger too.
bool Accounts::trail_from_now(Slot child, const WatchedPrices& prices) noexcept {
  OrderRecord& order = orders_[child];
  SpecialRecord& special = orders_.specials()[order.special];
  Trigger trigger = trigger_of(child);
  const std::int64_t now = prices[static_cast<std::size_t>(trigger.watched)];
  if (now == kNoPrice || !trigger.follow(now)) return false;
  special.trail_turn = orders_.next_number();
  engine::follow(special.view, trigger);
  if (order.view.side == Side::kSell || !order.is_on_margin()) return true;
  const Instrument& instrument = instruments_[order.instrument];
  const std::int64_t worst = protected_price(instrument, Side::kBuy, trigger.price);
  if (!instrument.is_price(worst)) return true;
  if (instrument.notional(worst, order.view.quantity) > instrument.max_notional) return true;
  discount(order);
  order.hold_price = worst;
  count(order);
  return true;
}

std::int64_t Accounts::pass_on(Slot slot) noexcept {
  const OrderRecord& parent = orders_[slot];
  SpecialRecord& special = orders_.specials()[parent.special];
  return parent.view.cum_quantity - std::exchange(special.passed, parent.view.cum_quantity);
}

void Accounts::give(Slot slot, std::int64_t quantity, bool last) noexcept {
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  SpecialRecord& special = orders_.specials()[order.special];
  if (order.is_on_margin()) [[unlikely]] discount(order);
  const std::int64_t backed = view.leaves_quantity + special.promised;
  if (std::exchange(special.awaits, false)) {
    view.quantity = view.leaves_quantity = 0;
    if (!waits_for_price(view.type)) view.status = OrderStatus::kNew;
  }
  view.quantity += quantity;
  view.leaves_quantity += quantity;
  special.promised = last ? 0 : backed - view.leaves_quantity;
  if (order.is_on_margin()) [[unlikely]] count(order);
}

void Accounts::tell_given(Slot slot, std::int64_t quantity, Step& step) {
  OrderRecord& order = orders_[slot];
  if (quantity > 0) {
    touch(order, step);
    tell(OrderUpdateCause::kActivated, order, step);
  }
  rehold(order, step);
}

// As an order whose trigger came true.
std::optional<Place> Accounts::enter_active(Slot slot, const Quote& quote, Step& step) {
  OrderRecord& order = orders_[slot];
  const OrderView& view = order.view;
  const Instrument& terms = instruments_[order.instrument];
  const auto end = [&](OrderStatus status, EndReason reason) {
    on(Release{slot, status, reason}, step);
    return std::optional<Place>();
  };
  if (!quote.has_room) return end(OrderStatus::kCancelled, EndReason::kRiskAtTrigger);
  if (terms.has_static_band && is_beyond(view.side, view.price, static_edge(terms, view.side))) {
    return end(OrderStatus::kExpired, EndReason::kPriceBand);
  }
  Place place{.order_id = view.order_id,
              .self_trade_group = balances_.account(order.account).self_trade_group,
              .limit = view.price,
              .quantity = view.leaves_quantity,
              .owner = slot,
              .instrument = order.instrument,
              .position = order.is_on_margin() ? order.position() : kNil,
              .taker_fee_ppm = order.taker_fee_ppm,
              .side = view.side,
              .type = OrderType::kLimit,
              .time_in_force = view.time_in_force,
              .mode = view.self_trade_prevention,
              .post_only = view.post_only,
              .linked = other_open_leg(order) != kNil};
  move(order, reprice(order, view.price, quote), place.limit);
  return place;
}

void Accounts::disband(Slot slot) noexcept {
  orders_.specials()[orders_[slot].special].leads = false;
  orders_.dereference(slot);
}

}  // namespace exchange::engine
