// Pegged orders in the naive engine: after each command every one of them is asked where it has to stand.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {

std::optional<std::int64_t> Engine::best_unpegged(const Instrument& i, Side side) const {
  std::optional<std::int64_t> best;
  for (const auto& [price, ids] : side == Side::kBuy ? i.bids : i.asks) {
    for (const std::uint64_t id : ids) {
      if (orders_.at(id).view.type == OrderType::kPegged) continue;
      if (!best || (side == Side::kBuy ? price > *best : price < *best)) best = price;
    }
  }
  return best;
}

std::optional<std::int64_t> Engine::peg_price(const Instrument& i, const Pegged& peg) const {
  const std::int64_t tick = i.definition.tick;
  const bool buys = peg.side == Side::kBuy;
  const auto bid = best_unpegged(i, Side::kBuy);
  const auto ask = best_unpegged(i, Side::kSell);
  const auto opposite = buys ? ask : bid;
  Wide price = 0;
  if (peg.reference == PegReference::kMid) {
    if (!bid || !ask) return {};
    const Wide doubled = Wide{*bid} + *ask;
    const Wide over = (doubled % (2 * tick) + 2 * tick) % (2 * tick);
    price = (doubled - over) / 2;
    if (!buys && over != 0) price += tick;
  } else {
    const auto followed = peg.reference == PegReference::kMarket ? opposite : buys ? bid : ask;
    if (!followed) return {};
    price = *followed;
  }
  price += Wide{peg.offset_ticks} * tick;
  if (buys ? price > peg.limit : price < peg.limit) price = peg.limit;
  if (peg.stays_behind && opposite) {
    const std::int64_t behind = buys ? *opposite - tick : *opposite + tick;
    if (buys ? price > behind : price < behind) price = behind;
  }
  if (price < -1'000'000'000'000'000'000 || price > 1'000'000'000'000'000'000) return {};
  if (!is_price(i.definition, static_cast<std::int64_t>(price))) return {};
  return static_cast<std::int64_t>(price);
}

Engine::Pegged Engine::pegged(const PlaceOrder& c) {
  return {c.side, c.price, c.special->peg_reference, c.special->peg_offset_ticks, c.special->post_only_reprice};
}

// Where the order has to stand: nowhere if it may not take and would.
std::optional<std::int64_t> Engine::place_for(const Instrument& i, const Order& order, std::int64_t limit) const {
  const OrderView& v = order.view;
  const auto price =
      peg_price(i, {v.side, limit, order.special->peg_reference, order.special->peg_offset_ticks, v.post_only});
  return price && v.post_only && would_cross(i, v.side, *price) ? std::nullopt : price;
}

Result Engine::place_pegged(const PlaceOrder& c) {
  if (const Reason reason = check_instrument(c); reason != Reason::kNone) return reject(c, reason);
  if (!is_open(c.account_id, c.session_id)) return reject(c, Reason::kSessionNotOpen);
  Instrument& i = instruments_.at(c.instrument_id);
  const auto price = peg_price(i, pegged(c));
  if (!price) return reject(c, Reason::kNoReferencePrice);
  if (const Reason reason = check_money(c, c.price); reason != Reason::kNone) return reject(c, reason);
  if (c.post_only && would_cross(i, c.side, *price)) {
    // One that may move is refused by the book, and is as large by then as it may be.
    const bool by_book = c.special->post_only_reprice && behind_market(i, c.side);
    PlaceOrder entered = c;
    if (c.special->reduce_only && by_book) entered.quantity = std::min(c.quantity, closable(c.account_id, c.instrument_id, c.side));
    return reject(entered, Reason::kPostOnlyWouldCross);
  }
  Order& order = reserve(c, {.limit = c.price, .held_at = c.price});
  order.special->has_working_price = true;
  order.special->working_price = *price;
  changed(order, OrderUpdateCause::kAccepted);
  if (!on_margin(i.definition)) tell(c.account_id, held_asset(order), BalanceChangeKind::kHold, 0);
  order.band = dynamic_band(i, c.side);
  match(i, order);
  return conclude(c, order, Reason::kNone);
}

// One of several that enter together.
Engine::Judged Engine::judge_pegged(const PlaceOrder& c) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const auto price = peg_price(i, pegged(c));
  if (!price) return {.reason = Reason::kNoReferencePrice};
  Reason reason = check_money(c, c.price);
  const bool takes = c.post_only && would_cross(i, c.side, *price);
  if (reason == Reason::kNone && takes) reason = Reason::kPostOnlyWouldCross;
  return {.reason = reason, .limit = c.price, .held_at = c.price};
}

void Engine::accept_pegged(Order& order) {
  stand_at(order, place_for(instruments_.at(order.view.instrument_id), order, order.limit));
  accept(order);
}

// In its turn.
void Engine::enter_pegged(Order& order) {
  Instrument& i = instruments_.at(order.view.instrument_id);
  const auto to = place_for(i, order, order.limit);
  const bool stays = order.special->has_working_price == to.has_value() &&
                     (!to || order.special->working_price == *to);
  stand_at(order, to);
  if (!stays) changed(order, OrderUpdateCause::kRestatedPeg);
  enter_again(i, order);
}

Result Engine::amend_pegged(const AmendOrder& c, Order& order) {
  OrderView& v = order.view;
  Instrument& i = instruments_.at(v.instrument_id);
  const std::int64_t done = v.cum_quantity + v.prevented_quantity;
  std::int64_t quantity = v.quantity;
  if (c.size == AmendSize::kTotal) quantity = c.quantity;
  if (c.size == AmendSize::kOpen) quantity = done + std::min(c.quantity, std::int64_t{1} << 61);
  if (quantity <= done) {
    take_out_or_stop_waiting(order);
    end(order, OrderStatus::kCancelled, EndReason::kAmendedAway);
    return amended(c, v.order_id, Reason::kNone);
  }
  const std::int64_t limit = c.has_price ? c.price : order.limit;
  const std::int64_t asked = quantity;
  if (reduces(order)) quantity = std::min(quantity, done + closable(v.account_id, v.instrument_id, v.side));
  const bool keeps_place = limit == order.limit && quantity <= v.quantity && !c.requeue;
  if (const Reason reason = check_amended(order, limit, asked, {}, keeps_place); reason != Reason::kNone) {
    return amended(c, v.order_id, reason);
  }
  const auto to = place_for(i, order, limit);
  const bool shrinks = quantity < v.quantity;
  if (!keeps_place) take_out_or_stop_waiting(order);
  v.price = order.limit = order.held_at = limit;
  v.quantity = quantity;
  v.leaves_quantity = quantity - done;
  if (c.has_expire_time) order.special->expire_time_ns = c.expire_time_ns;
  if (!keeps_place) stand_at(order, to);
  changed(order, OrderUpdateCause::kAmended);
  release_excess(order);
  if (!keeps_place) {
    enter_again(i, order);
  } else if (shrinks && order.special->has_working_price) {
    level_changed(i, v.side, stands_at(order));
  }
  return amended(c, v.order_id, Reason::kNone);
}

void Engine::stand_at(Order& order, std::optional<std::int64_t> price) {
  order.special->has_working_price = price.has_value();
  order.special->working_price = price.value_or(0);
}

void Engine::enter_again(Instrument& i, Order& order) {
  if (order.special->has_working_price) {
    order.band = dynamic_band(i, order.view.side);
    match(i, order);
  } else {
    resting_.insert(order.view.order_id);
    ++account_of(order).open_orders;
  }
}

void Engine::run_followers(std::uint32_t& steps_left) {
  do {
    do {
      run_groups(steps_left);
      find_triggered();
      run_triggered(steps_left);
    } while (steps_left > 0 && next_to_pass_on() != 0);
  } while (move_pegs(steps_left));
  if (steps_left == 0) find_triggered();
}

// One round in each market; true if any moved, and there are steps for more.
bool Engine::move_pegs(std::uint32_t& steps_left) {
  const std::uint32_t at_first = steps_left;
  pegs_left_ = false;
  for (auto& [id, i] : instruments_) {
    if (i.definition.phase != TradingPhase::kContinuous) continue;
    const std::uint32_t before = steps_left;
    const bool finished = move_pegs_of(i, false, steps_left) && move_pegs_of(i, true, steps_left);
    if (!finished || (steps_left == 0 && before != 0)) pegs_left_ = true;
  }
  return steps_left != at_first && steps_left > 0;
}

bool Engine::move_pegs_of(Instrument& i, bool advance, std::uint32_t& steps_left) {
  const std::set<std::uint64_t> open = resting_;
  for (const std::uint64_t order_id : open) {
    if (!resting_.contains(order_id)) continue;
    Order& order = orders_.at(order_id);
    const OrderView& v = order.view;
    if (v.type != OrderType::kPegged || v.instrument_id != i.definition.instrument_id) continue;
    if (order.awaits_parent) continue;
    const bool stands = order.special->has_working_price;
    const std::int64_t from = order.special->working_price;
    const auto to = place_for(i, order, v.price);
    const bool retreats = !to || (stands && (v.side == Side::kBuy ? *to < from : *to > from));
    const bool stays = stands ? to == from : !to;
    if (stays || retreats == advance) continue;
    if (steps_left == 0) return false;
    --steps_left;
    take_out_or_stop_waiting(order);
    stand_at(order, to);
    changed(order, OrderUpdateCause::kRestatedPeg);
    enter_again(i, order);
    run_groups(steps_left);
  }
  return true;
}

}  // namespace exchange::engine::reference
