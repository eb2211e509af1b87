// Orders that come with the fills of another in the naive engine: what backs them, and what they get once a command is
// complete. Every group is looked at after every step.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

bool is_covered_later(Reason reason) {
  return reason == Reason::kInsufficientFunds || reason == Reason::kInsufficientMargin ||
         reason == Reason::kPositionLimit || reason == Reason::kTradingState;
}

}  // namespace

bool Engine::has_children(LinkType link) {
  return link == LinkType::kOtoPartial || link == LinkType::kOtoFull || link == LinkType::kBracket;
}

// A buy brings what one sell of its quantity needs, or one pair of which only one trades.
std::set<std::size_t> Engine::fed_among(const PlaceOrders& command, LinkType link) const {
  std::set<std::size_t> fed;
  const PlaceOrder& parent = command.orders.front();
  const auto listed = instruments_.find(parent.instrument_id);
  const bool margin = listed != instruments_.end() && on_margin(listed->second.definition);
  if (!has_children(link) || (parent.side == Side::kSell && !margin)) return fed;
  for (std::size_t i = 1; i < command.orders.size(); ++i) {
    const bool takes = command.orders[i].side != parent.side;
    if (takes && (fed.empty() || link == LinkType::kBracket)) fed.insert(i);
  }
  return fed;
}

// As if it were entered now, but for prices that only count once it is active, and for what its parent brings.
Engine::Judged Engine::judge_child(const PlaceOrder& c, bool is_fed) const {
  if (const Reason reason = check_instrument(c); reason != Reason::kNone) return {.reason = reason};
  if (!is_open(c.account_id, c.session_id)) return {.reason = Reason::kSessionNotOpen};
  const Instrument& i = instruments_.at(c.instrument_id);
  if (c.type == OrderType::kTrailingStop) {
    Judged judged = judge_waiting(c);
    if (is_fed && is_covered_later(judged.reason)) judged.reason = Reason::kNone;
    return judged;
  }
  const std::int64_t worst = has_limit(c.type) ? c.price : protected_price(i, c.side, c.special->trigger_price);
  Reason reason = check_money(c, worst);
  if (is_fed && is_covered_later(reason)) reason = Reason::kNone;
  return {.reason = reason, .limit = worst, .held_at = worst};
}

// All were reserved for one by one; nobody was told. What the children do not have to back goes back.
void Engine::found_group(const std::vector<Order*>& orders, LinkType link, const std::set<std::size_t>& fed) {
  Order& parent = *orders.front();
  const std::uint64_t number = parent.view.order_id;
  Group& group = groups_[number];
  group.link = link;
  group.quantity = parent.view.quantity;
  ++parent.references;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    Order& order = *orders[i];
    order.special->link_id = number;
    order.special->link_type = link;
    if (i == 0) continue;
    order.special->parent_order_id = number;
    order.parent = number;
    order.awaits_parent = true;
    order.view.status = OrderStatus::kUntriggered;
    group.children.push_back(order.view.order_id);
    if (fed.contains(i)) group.fed.push_back(order.view.order_id);
  }
  for (std::size_t i = 1; i < orders.size(); ++i) {
    Order& order = *orders[i];
    gather_hold(order);
    const std::int64_t less = -missing_hold(order);
    Balance& balance = account_of(order).balances[held_asset(order)];
    balance.available += less;
    balance.held -= less;
    order.held -= less;
  }
}

// While it may get more it needs that too, unless its parent brings it.
std::int64_t Engine::backed(const Order& order) const {
  const std::int64_t open = order.view.leaves_quantity;
  const auto found = groups_.find(order.parent);
  if (found == groups_.end()) return open;
  const Group& group = found->second;
  const std::int64_t filled = orders_.at(order.parent).view.cum_quantity;
  if (std::ranges::find(group.fed, order.view.order_id) != group.fed.end()) {
    return order.awaits_parent ? filled : open + filled - group.passed;
  }
  return order.awaits_parent ? open : open + group.quantity - group.passed;
}

void Engine::feed(const Order& parent) {
  const auto found = groups_.find(parent.view.order_id);
  if (found == groups_.end()) return;
  for (Order* child : open_children(found->second)) release_excess(*child);
}

std::vector<Order*> Engine::open_children(const Group& group) {
  std::vector<Order*> open;
  for (const std::uint64_t number : group.children) {
    const auto found = orders_.find(number);
    if (found != orders_.end() && found->second.is_open()) open.push_back(&found->second);
  }
  return open;
}

// An exit has traded all that it got.
bool Engine::is_left(std::uint64_t parent, const Group& group) const {
  if (group.link != LinkType::kBracket || !orders_.at(parent).is_open()) return false;
  return std::ranges::any_of(group.children, [&](std::uint64_t number) {
    const auto found = orders_.find(number);
    return found != orders_.end() && found->second.view.status == OrderStatus::kFilled;
  });
}

std::uint64_t Engine::next_to_pass_on() {
  for (auto& [number, group] : groups_) {
    const Order& parent = orders_.at(number);
    const bool more = group.link != LinkType::kOtoFull && parent.view.cum_quantity > group.passed;
    if (parent.is_open() && !more && !is_left(number, group)) continue;
    const Instrument& i = instruments_.at(parent.view.instrument_id);
    const TradingPhase phase = i.definition.phase;
    bool takes_orders = phase == TradingPhase::kContinuous || phase == TradingPhase::kPostOnly || collects(i);
    for (const Order* child : open_children(group)) {
      const bool follows = child->view.type == OrderType::kTrailingStop || child->view.type == OrderType::kPegged;
      if (child->awaits_parent && follows) takes_orders = phase == TradingPhase::kContinuous;
    }
    if (takes_orders || parent.view.cum_quantity == 0 || open_children(group).empty()) return number;
  }
  return 0;
}

void Engine::run_groups(std::uint32_t& steps_left) {
  for (; steps_left > 0; --steps_left) {
    const std::uint64_t parent = next_to_pass_on();
    if (parent == 0) return;
    pass_on(parent);
  }
}

void Engine::pass_on(std::uint64_t number) {
  Order& parent = orders_.at(number);
  if (is_left(number, groups_.at(number))) {
    take_out_or_stop_waiting(parent);
    end(parent, OrderStatus::kCancelled, EndReason::kLinkedOrder);
  }
  Group& group = groups_.at(number);
  if (parent.view.cum_quantity > 0) begin_to_trail(group);
  const std::vector<Order*> children = open_children(group);
  if (parent.view.cum_quantity == 0) {
    for (Order* child : children) {
      take_out_or_stop_waiting(*child);
      end(*child, OrderStatus::kCancelled, EndReason::kParentCancelled);
    }
    groups_.erase(number);
  } else {
    const std::int64_t quantity = parent.view.cum_quantity - group.passed;
    for (Order* child : children) {
      if (child->awaits_parent) child->view.quantity = child->view.leaves_quantity = 0;
      child->view.quantity += quantity;
      child->view.leaves_quantity += quantity;
      if (child->awaits_parent && !waits_for_price(child->view.type)) child->view.status = OrderStatus::kNew;
    }
    group.passed += quantity;
    if (!parent.is_open()) groups_.erase(number);
    give(children, quantity);
  }
  if (!groups_.contains(number) && --parent.references == 0) orders_.erase(number);
}

// They have it; now they are told, and go on with it.
void Engine::give(const std::vector<Order*>& children, std::int64_t quantity) {
  std::set<const Order*> new_ones;
  for (Order* child : children) {
    if (child->awaits_parent) new_ones.insert(child);
    child->awaits_parent = false;
  }
  for (Order* child : children) {
    if (quantity > 0) changed(*child, OrderUpdateCause::kActivated);
    release_excess(*child);
  }
  for (Order* child : children) {
    if (quantity == 0 || !child->is_open()) continue;
    if (new_ones.contains(child)) {
      become_active(*child);
    } else if (child->view.type == OrderType::kPegged && !child->special->has_working_price) {
      begin_to_follow(*child);
    } else if (child->view.status != OrderStatus::kUntriggered) {
      Instrument& instrument = instruments_.at(child->view.instrument_id);
      take_out(instrument, *child);
      rest(instrument, *child);
    }
  }
}

void Engine::become_active(Order& order) {
  const OrderView& v = order.view;
  if (waits_for_price(v.type)) {
    waiting_.insert(v.order_id);
    return;
  }
  if (v.type == OrderType::kPegged) return begin_to_follow(order);
  resting_.erase(v.order_id);
  --account_of(order).open_orders;
  const Instrument& i = instruments_.at(v.instrument_id);
  if (check_static_band(i, v.side, v.price) != Reason::kNone) {
    return end(order, OrderStatus::kExpired, EndReason::kPriceBand);
  }
  stay_behind(order);
  proceed(order);
}

// At the price of now; the others have looked at it before.
void Engine::begin_to_trail(const Group& group) {
  for (Order* child : open_children(group)) {
    Order& order = *child;
    const OrderView& v = order.view;
    if (v.type != OrderType::kTrailingStop || !order.awaits_parent) continue;
    const Instrument& i = instruments_.at(v.instrument_id);
    follow_prices(&i);
    const auto now = watched_price(i, v, order.special->trigger_reference);
    const SpecialView& s = *order.special;
    const auto first = now ? trailing_trigger(i, v.side, *now, s.trailing_ticks, s.trailing_bps) : std::nullopt;
    if (!first) {
      take_out_or_stop_waiting(order);
      end(order, OrderStatus::kCancelled, EndReason::kRiskAtTrigger);
      continue;
    }
    order.watermark = *now;
    order.trail_turn = shard_bits_ + ++orders_entered_;
    restate(order);
    const std::int64_t worst = protected_price(i, v.side, *first);
    if (v.side == Side::kSell || !is_price(i.definition, worst)) continue;
    if (notional(i, worst, v.quantity) <= i.definition.max_notional) order.limit = order.held_at = worst;
  }
}

// Where what it follows is there.
void Engine::begin_to_follow(Order& order) {
  Instrument& i = instruments_.at(order.view.instrument_id);
  if (i.definition.phase != TradingPhase::kContinuous) return;
  const auto to = place_for(i, order, order.limit);
  if (!to) return;
  take_out_or_stop_waiting(order);
  stand_at(order, to);
  changed(order, OrderUpdateCause::kRestatedPeg);
  enter_again(i, order);
}

}  // namespace exchange::engine::reference
