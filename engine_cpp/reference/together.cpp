// Orders that enter all or none in the naive engine: all are checked on the accounts as those before would leave them,
// and the accounts put back; then what all cost is held, and they enter one after the other.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {

Result Engine::on(const PlaceOrders& command) { return place_together(command, LinkType::kNone); }

Result Engine::place_together(const PlaceOrders& command, LinkType link) {
  if (auto first = first_answers(command)) return *first;
  const std::set<std::size_t> fed = fed_among(command, link);
  const std::map<std::uint64_t, Account> as_it_was = accounts_;
  std::vector<Judged> judged;
  std::map<std::uint64_t, std::set<std::string>> ids;
  for (const PlaceOrder& order : command.orders) {
    const std::size_t at = judged.size();
    const bool is_child = has_children(link) && at > 0;
    judged.push_back({.reason = check_among(order, ids[order.account_id])});
    if (judged.back().reason == Reason::kNone) {
      judged.back() = is_child ? judge_child(order, fed.contains(at)) : judge(order);
    }
    if (judged.back().reason != Reason::kNone) break;
    const bool shares = link == LinkType::kOco || link == LinkType::kOuo || (link == LinkType::kBracket && is_child);
    if (!fed.contains(at)) claim(order, judged.back(), !shares);
    if (fed.contains(at)) claim_place(order);
    if (link == LinkType::kOco || link == LinkType::kOuo) first_leg_ = as_order(order, judged.back().held_at);
    ids[order.account_id].emplace(order.client_order_id);
  }
  accounts_ = as_it_was;
  first_leg_.reset();
  Result result{now_.engine_seq};
  if (judged.back().reason != Reason::kNone) {
    result.reason = Reason::kBatchRefused;
    result.orders.resize(command.orders.size(), {.reason = Reason::kBatchRefused});
    result.orders[judged.size() - 1].reason = judged.back().reason;
    result.order_fills.resize(command.orders.size());
    return result;
  }
  std::vector<Order*> entered;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    entered.push_back(&reserve(command.orders[i], judged[i]));
    together_[entered.back()->view.order_id];
  }
  enter_together(entered, link, fed);
  for (std::size_t i = 0; i < judged.size(); ++i) {
    static_cast<void>(conclude(command.orders[i], *entered[i], Reason::kNone));
    result.orders.push_back({.order = entered[i]->view});
    result.order_fills.push_back(together_.at(entered[i]->view.order_id));
  }
  together_.clear();
  return result;
}

// Those before it may have traded what it was to close.
void Engine::enter_in_turn(Order& order) {
  OrderView& v = order.view;
  const std::int64_t most = closable(v.account_id, v.instrument_id, v.side);
  if (reduces(order) && most == 0) {
    changed(order, OrderUpdateCause::kAccepted);
    return end(order, OrderStatus::kCancelled, EndReason::kReducedAway);
  }
  if (reduces(order)) v.quantity = v.leaves_quantity = std::min(v.quantity, most);
  if (v.type != OrderType::kPegged) return enter(order);
  accept_pegged(order);
  enter_pegged(order);
}

// Those of a group are all accepted first, so that each lives to see what the fills of the others do to it.
void Engine::enter_together(const std::vector<Order*>& orders, LinkType link, const std::set<std::size_t>& fed) {
  if (link == LinkType::kNone) {
    for (Order* order : orders) {
      run_groups(steps_left_);
      enter_in_turn(*order);
    }
    return;
  }
  if (has_children(link)) {
    found_group(orders, link, fed);
  } else {
    join(*orders[0], *orders[1], link);
  }
  for (Order* order : orders) {
    order->view.type == OrderType::kPegged && !order->awaits_parent ? accept_pegged(*order) : accept(*order);
  }
  for (Order* order : orders) {
    if (order->view.status == OrderStatus::kUntriggered || !order->is_open()) continue;
    if (order->view.type == OrderType::kPegged) {
      enter_pegged(*order);
      continue;
    }
    stay_behind(*order);
    proceed(*order);
  }
}

// All of them known, none twice, and first answered by one command.
std::optional<Result> Engine::first_answers(const PlaceOrders& command) const {
  Result result{0, Reason::kNone, true};
  std::set<std::pair<std::uint64_t, std::string>> seen;
  for (const PlaceOrder& order : command.orders) {
    const std::string id(order.client_order_id);
    if (!is_trader(order.account_id)) return {};
    const auto first = repeated(order.account_id, id, order.fingerprint, CommandKind::kPlaceOrder);
    if (!first || !first->replayed || !seen.emplace(order.account_id, id).second) return {};
    if (result.engine_seq != 0 && result.engine_seq != first->engine_seq) return {};
    result.engine_seq = first->engine_seq;
    if (first->reason != Reason::kNone) result.reason = Reason::kBatchRefused;
    result.orders.push_back({.reason = first->reason, .order = *first->order});
  }
  return result;
}

Reason Engine::check_among(const PlaceOrder& c, const std::set<std::string>& ids_before) const {
  if (const Reason shape = check_shape(c); shape != Reason::kNone) return shape;
  if (c.special != nullptr && c.special->validate_only) return Reason::kOrderFieldsConflict;
  if (!is_trader(c.account_id)) return Reason::kUnknownAccount;
  const std::string id(c.client_order_id);
  if (ids_before.contains(id)) return Reason::kClientOrderIdReused;
  if (const auto known = repeated(c.account_id, id, c.fingerprint, CommandKind::kPlaceOrder)) {
    return known->replayed ? Reason::kClientOrderIdReused : known->reason;
  }
  if (c.valid_until_ns < now_.time_ns) return Reason::kRequestExpired;
  if (c.valid_until_ns > now_.time_ns + limits_.id_window_ns) return Reason::kValidUntilTooFar;
  return Reason::kNone;
}

// Unless it `takes` what it costs, it shares that with another one, or others bring it.
void Engine::claim(const PlaceOrder& c, const Judged& judged, bool takes) {
  Account& account = accounts_.at(c.account_id);
  const InstrumentDefinition& d = instruments_.at(c.instrument_id).definition;
  if (c.special != nullptr && c.special->reduce_only) {
    const bool fleeting = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
    if (!fleeting || waits_for_price(c.type)) ++account.claimed[c.instrument_id].reducing;
  } else if (on_margin(d)) {
    add_beside(account.claimed[c.instrument_id], as_order(c, judged.held_at), first_leg_ ? &*first_leg_ : nullptr);
  } else if (takes) {
    account.balances[c.side == Side::kBuy ? d.quote.asset_id : d.base.asset_id].available -= cost_of(c, judged.held_at);
  }
  claim_place(c);
}

void Engine::claim_place(const PlaceOrder& c) {
  Account& account = accounts_.at(c.account_id);
  ++account.ids;
  const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
  if (!at_once || waits_for_price(c.type)) ++account.open_orders;
}

}  // namespace exchange::engine::reference
