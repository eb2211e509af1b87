// Amending in the naive engine: the order is judged as it would be, then changed, then led to the market again.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {

Result Engine::on(const AmendOrder& c) {
  if (const auto refused = refused_request(c, CommandKind::kAmendOrder)) return *refused;
  const std::uint64_t order_id = find_target(c.account_id, c.order_id, c.client_order_id);
  const bool meant = c.instrument_id == 0 || (order_id != 0 && orders_.at(order_id).view.instrument_id == c.instrument_id);
  if (order_id == 0 || !meant) return amended(c, 0, Reason::kOrderNotFound);
  Order& order = orders_.at(order_id);
  OrderView& v = order.view;
  if (!order.is_open()) return amended(c, order_id, Reason::kOrderNotOpen);
  if (c.expected_version != 0 && c.expected_version != v.version) {
    return amended(c, order_id, Reason::kVersionMismatch);
  }
  Instrument& instrument = instruments_.at(v.instrument_id);
  const TradingPhase phase = instrument.definition.phase;
  const bool is_pegged = v.type == OrderType::kPegged;
  const bool changes_nowhere = phase != TradingPhase::kPostOnly && !collects(instrument);
  if (phase != TradingPhase::kContinuous && (is_pegged || changes_nowhere)) {
    return amended(c, order_id, Reason::kPhaseNotAllowed);
  }
  const bool untriggered = v.status == OrderStatus::kUntriggered;
  const bool changes =
      c.size != AmendSize::kUnchanged || c.has_price || c.requeue || c.has_trigger_price || c.has_expire_time ||
      c.has_display_quantity;
  if (!changes || (c.has_price && !has_limit(v.type)) || (untriggered ? c.requeue : c.has_trigger_price) ||
      (c.has_trigger_price && v.type == OrderType::kTrailingStop) ||
      (c.has_expire_time && v.time_in_force != TimeInForce::kGtd) ||
      (order.awaits_parent && (c.size != AmendSize::kUnchanged || (c.has_trigger_price && !waits_for_price(v.type)))) ||
      (c.has_display_quantity && !order.shows_slices())) {
    return amended(c, order_id, Reason::kOrderFieldsConflict);
  }
  const std::int64_t traded = v.cum_quantity + v.prevented_quantity;
  const bool raises = c.size == AmendSize::kTotal  ? c.quantity > v.quantity
                      : c.size == AmendSize::kOpen ? c.quantity > v.quantity - traded
                                                   : false;
  if (raises && groups_.contains(order_id)) return amended(c, order_id, Reason::kOrderFieldsConflict);
  if (c.quantity < 0) return amended(c, order_id, Reason::kQuantityOutOfRange);
  if (c.has_expire_time && !may_expire_at(c.expire_time_ns)) return amended(c, order_id, Reason::kExpireTimeOutOfRange);
  if (untriggered) return amend_waiting(c, order);
  if (is_pegged) return amend_pegged(c, order);

  const std::int64_t done = v.cum_quantity + v.prevented_quantity;
  std::int64_t quantity = v.quantity;
  if (c.size == AmendSize::kTotal) quantity = c.quantity;
  if (c.size == AmendSize::kOpen) quantity = done + std::min(c.quantity, std::int64_t{1} << 61);
  const std::int64_t price = c.has_price ? c.price : order.limit;
  if (quantity <= done) {
    take_out(instrument, order);
    end(order, OrderStatus::kCancelled, EndReason::kAmendedAway);
    return amended(c, order_id, Reason::kNone);
  }
  const std::int64_t asked = quantity;
  if (reduces(order)) quantity = std::min(quantity, done + closable(v.account_id, v.instrument_id, v.side));
  bool keeps_place = price == order.limit && quantity <= v.quantity && !c.requeue;
  std::optional<std::int64_t> display;
  if (c.has_display_quantity) display = c.display_quantity;
  if (display && *display > order.special->display_quantity) keeps_place = false;
  if (const Reason reason = check_amended(order, price, asked, display, keeps_place); reason != Reason::kNone) {
    return amended(c, order_id, reason);
  }
  if (!keeps_place) take_out(instrument, order);
  const std::int64_t shown = visible(order);
  if (order.shows_slices()) {
    SpecialView& special = *order.special;
    special.display_quantity = display.value_or(special.display_quantity);
    special.displayed_quantity = std::min({shown, special.display_quantity, quantity - done});
  }
  if (c.has_expire_time) order.special->expire_time_ns = c.expire_time_ns;
  change_terms(instrument, order, price, quantity, keeps_place);
  if (keeps_place && visible(order) != shown && !order.waits()) level_changed(instrument, v.side, stands_at(order));
  return amended(c, order_id, Reason::kNone);
}

Reason Engine::check_amended(const Order& order, std::int64_t price, std::int64_t quantity,
                             std::optional<std::int64_t> display, bool keeps_place) const {
  const OrderView& v = order.view;
  const Instrument& instrument = instruments_.at(v.instrument_id);
  const InstrumentDefinition& d = instrument.definition;
  if (!is_price(d, price)) return Reason::kPriceOutOfRange;
  if (price % d.tick != 0) return Reason::kPriceNotOnTick;
  if (quantity % d.lot != 0) return Reason::kQuantityNotOnLot;
  if (quantity < d.min_quantity || quantity > d.max_quantity) return Reason::kQuantityOutOfRange;
  const std::int64_t value = notional(instrument, price, quantity);
  if (!fits_bounds(d, v.type, value)) return Reason::kNotionalOutOfRange;
  const Account& account = accounts_.at(v.account_id);
  if (const Reason reason = check_size(account, instrument, quantity, value); reason != Reason::kNone) return reason;
  if (!keeps_place) {
    if (const Reason reason = check_static_band(instrument, v.side, price); reason != Reason::kNone) return reason;
  }
  if (!on_margin(d) && trading_state(v.account_id) != TradingState::kActive) return Reason::kTradingState;
  if (order.shows_slices()) {
    const bool fits = !display || *display <= quantity;
    const std::int64_t leaves = quantity - v.cum_quantity - v.prevented_quantity;
    if (!fits || !may_show(instrument, display.value_or(order.special->display_quantity), leaves)) {
      return Reason::kDisplayQuantityOutOfRange;
    }
  }
  const bool in_book = v.type != OrderType::kPegged && v.status != OrderStatus::kUntriggered;
  const bool keeps_back = in_book && ((v.post_only && !collects(instrument)) || d.phase == TradingPhase::kPostOnly);
  if (keeps_back && would_cross(instrument, v.side, price) && !must_stay_behind(instrument, order, price)) {
    return Reason::kPostOnlyWouldCross;
  }
  if (on_margin(d)) return check_amended_exposure(order, price, quantity - v.cum_quantity - v.prevented_quantity);
  Order changed = order;
  changed.held_at = price;
  changed.view.leaves_quantity = quantity - v.cum_quantity - v.prevented_quantity;
  const std::int64_t available = spendable(v.account_id, held_asset(order));
  return missing_hold(changed) > available ? Reason::kInsufficientFunds : Reason::kNone;
}

bool Engine::must_stay_behind(const Instrument& instrument, const Order& order, std::int64_t price) const {
  return order.special && order.special->post_only_reprice && !collects(instrument) && would_cross(instrument, order.view.side, price) &&
         behind_market(instrument, order.view.side);
}

void Engine::change_terms(Instrument& instrument, Order& order, std::int64_t price, std::int64_t quantity,
                          bool keeps_place) {
  OrderView& v = order.view;
  if (!order.waits()) v.price = price;
  v.quantity = quantity;
  v.leaves_quantity = quantity - v.cum_quantity - v.prevented_quantity;
  order.limit = price;
  order.held_at = price;
  order.band = dynamic_band(instrument, v.side);
  if (order.special && !keeps_place) {
    order.special->has_working_price = must_stay_behind(instrument, order, price);
    order.special->working_price = order.special->has_working_price ? *behind_market(instrument, v.side) : 0;
  }
  changed(order, OrderUpdateCause::kAmended);
  release_excess(order);
  if (!keeps_place && collects(instrument)) return rest(instrument, order);
  if (!keeps_place) match(instrument, order);
}

Result Engine::amended(const AmendOrder& command, std::uint64_t order_id, Reason reason) {
  Result result{now_.engine_seq, reason};
  if (order_id != 0) result.order = orders_.at(order_id).view;
  remember_request(command, CommandKind::kAmendOrder, order_id, reason);
  return result;
}

}  // namespace exchange::engine::reference
