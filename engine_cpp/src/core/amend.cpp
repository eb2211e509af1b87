// Amending: the accounts' half. The order keeps both its ids; what changes is judged as if it were entered so now.
#include "accounts.hpp"
#include "bands.hpp"
#include "checks.hpp"

namespace exchange::engine {
namespace {

// New total quantity: what was traded and prevented, and what is to stay open.
std::int64_t total_quantity(const AmendOrder& command, const OrderView& order) noexcept {
  const std::int64_t done = order.cum_quantity + order.prevented_quantity;
  if (command.size == AmendSize::kTotal) return command.quantity;
  return command.size == AmendSize::kOpen ? done + std::min(command.quantity, kMaxAmount) : order.quantity;
}

// Does the amend change anything, and nothing that the order has not? A place in the book has only what is in it, a
// trigger of one's own only what waits for it and does not trail, a time to expire only GTD: a day ends for all at once.
// The quantity of a child is its parent's until it is given some.
bool can_take(const AmendOrder& command, const OrderRecord& order, bool awaits_parent) noexcept {
  const bool waits_for_price = order.is_untriggered();
  if (awaits_parent && command.size != AmendSize::kUnchanged) return false;
  if (command.has_trigger_price && !exchange::engine::waits_for_price(order.view.type)) return false;
  if (command.has_price && !has_limit(order.view.type)) return false;
  if (waits_for_price ? command.requeue : command.has_trigger_price) return false;
  if (command.has_trigger_price && order.view.type == OrderType::kTrailingStop) return false;
  if (command.has_expire_time && order.view.time_in_force != TimeInForce::kGtd) return false;
  return command.size != AmendSize::kUnchanged || command.has_price || command.requeue || command.has_trigger_price ||
         command.has_expire_time || command.has_display_quantity;
}

}  // namespace

Amendment Accounts::find_to_amend(const AmendOrder& command, Step& step) {
  const Request request = request_of(command, CommandKind::kAmendOrder);
  if (auto answer = check_request(request, step)) return {answer, {}};
  Slot slot = find_target(request.account, command.order_id, command.client_order_id);
  if (slot != kNil && command.instrument_id != 0 && orders_[slot].view.instrument_id != command.instrument_id) slot = kNil;
  if (const Reason reason = check_amend(command, slot, step.stamp.time_ns); reason != Reason::kNone) {
    return {conclude(command, slot, reason, step), {}};
  }
  const OrderRecord& order = orders_[slot];
  const OrderView& view = order.view;
  const std::int64_t price = command.has_price ? command.price : order.hold_price;
  const std::int64_t quantity = total_quantity(command, view);
  std::int64_t leaves = quantity - view.cum_quantity - view.prevented_quantity;
  if (reduces(order) && !order.is_untriggered()) [[unlikely]] {
    leaves = std::min(leaves, positions_[order.position()].closable(view.side));
  }
  const std::int64_t shown = display_of(order);
  const std::int64_t display = command.has_display_quantity ? command.display_quantity : shown;
  const bool keeps_priority = price == order.hold_price && leaves <= view.leaves_quantity && display <= shown &&
                              !command.requeue;
  if (leaves > 0 && !order.is_untriggered()) {
    if (const Reason reason = check_terms(order, price, quantity, keeps_priority); reason != Reason::kNone) {
      return {conclude(command, slot, reason, step), {}};
    }
    if (shown > 0) [[unlikely]] {
      const std::int64_t most = command.has_display_quantity ? quantity : display;
      const Reason reason = check_display(instruments_[order.instrument], display, leaves, most);
      if (reason != Reason::kNone) return {conclude(command, slot, reason, step), {}};
    }
  }
  return {{},
          {.owner = slot,
           .instrument = order.instrument,
           .book_slot = order.book_slot,
           .order_id = view.order_id,
           .self_trade_group = balances_.account(request.account).self_trade_group,
           .limit = price,
           .leaves = leaves,
           .display = display,
           .side = view.side,
           .mode = view.self_trade_prevention,
           .keeps_priority = keeps_priority,
           .waits = order.waits(),
           .is_untriggered = order.has_trigger(),
           .awaits_parent = orders_.awaits_parent(order)}};
}

Reason Accounts::check_amend(const AmendOrder& command, Slot slot, std::int64_t now_ns) const noexcept {
  if (slot == kNil) return Reason::kOrderNotFound;
  const OrderRecord& order = orders_[slot];
  if (!order.is_resting()) return Reason::kOrderNotOpen;
  if (command.expected_version != 0 && command.expected_version != order.view.version) {
    return Reason::kVersionMismatch;
  }
  const Instrument& instrument = instruments_[order.instrument];
  const bool pegged = order.view.type == OrderType::kPegged;  // which follow only while the market matches
  if (pegged ? instrument.phase != TradingPhase::kContinuous : !may_amend(instrument)) return Reason::kPhaseNotAllowed;
  if (!can_take(command, order, orders_.awaits_parent(order))) return Reason::kOrderFieldsConflict;
  const bool raises = order.special != kNil && total_quantity(command, order.view) > order.view.quantity;
  if (raises && orders_.specials()[order.special].leads) return Reason::kOrderFieldsConflict;
  if (command.has_display_quantity && display_of(order) == 0) return Reason::kOrderFieldsConflict;
  if (command.quantity < 0) return Reason::kQuantityOutOfRange;
  if (!command.has_expire_time) return Reason::kNone;
  return check_expire_time(order.view.time_in_force, command.expire_time_ns, now_ns);
}

// Grid and bounds of the order as it would be. One that keeps its place is not measured against the band again.
Reason Accounts::check_terms(const OrderRecord& order, std::int64_t price, std::int64_t quantity,
                             bool keeps_priority) const noexcept {
  const Instrument& instrument = instruments_[order.instrument];
  if (const Reason reason = check_price(instrument, price); reason != Reason::kNone) return reason;
  if (const Reason reason = check_quantity(instrument, quantity); reason != Reason::kNone) return reason;
  const std::int64_t notional = instrument.notional(price, quantity);
  if (!fits_bounds(instrument, order.view.type, notional)) return Reason::kNotionalOutOfRange;
  const Account& account = balances_.account(order.account);
  if (account.is_restricted) [[unlikely]] {
    const Reason reason = check_size(order.account, instrument, quantity, notional);
    if (reason != Reason::kNone) return reason;
  }
  const bool banded = instrument.has_static_band && !keeps_priority;
  const bool beyond = banded && is_beyond(order.view.side, price, static_edge(instrument, order.view.side));
  if (beyond) return Reason::kPriceBand;
  if (!account.is_restricted || instrument.on_margin) return Reason::kNone;  // on margin with all of the exposure
  return check_trading_state(order.account);
}

std::optional<Answer> Accounts::amend(const AmendOrder& command, Amend& amend, const Quote& quote, Step& step) {
  OrderRecord& order = orders_[amend.owner];
  OrderView& view = order.view;
  const Instrument& instrument = instruments_[order.instrument];
  if (amend.leaves <= 0) return {};
  const std::optional<std::int64_t> moved = amend.is_pegged ? amend.peg_price : reprice(order, amend.limit, quote);
  const bool keeps_back = is_kept_from_taking(instrument, view.post_only);
  if (keeps_back && !moved && quote.best && crosses(view.side, amend.limit, *quote.best)) {
    return conclude(command, amend.owner, Reason::kPostOnlyWouldCross, step);
  }
  if (!amend.keeps_priority && !quote.has_room) return refuse(Reason::kEngineFull, step);
  const std::int64_t needed = hold_of(order, amend);
  if (const Reason reason = check_amended_funds(order, amend, needed); reason != Reason::kNone) {
    return conclude(command, amend.owner, reason, step);
  }
  if (instrument.on_margin) [[unlikely]] discount(order);
  if (!amend.waits) view.price = amend.limit;
  view.quantity = view.cum_quantity + view.prevented_quantity + amend.leaves;
  view.leaves_quantity = amend.leaves;
  order.hold_price = amend.limit;
  if (amend.display > 0) [[unlikely]] amend_display(order, amend);
  if (command.has_expire_time) expire_at(order, command.expire_time_ns);
  if (order.special != kNil && !amend.keeps_priority) move(order, moved, amend.limit);
  touch(order, step);
  tell(OrderUpdateCause::kAmended, order, step);
  if (instrument.on_margin) [[unlikely]] {
    count(order);
    return {};
  }
  if (order.special == kNil) [[likely]] {
    reserve(order, needed, step);
  } else {
    rehold(order, step);
  }
  return {};
}

// What the order holds once it is amended so.
std::int64_t Accounts::hold_of(const OrderRecord& order, const Amend& amend) const noexcept {
  const Instrument& instrument = instruments_[order.instrument];
  const std::int64_t most = amend.leaves + orders_.promised(order);
  if (order.view.side == Side::kSell) return instrument.base_amount(most);
  return buyer_hold(instrument.notional(amend.limit, most), order.view.cum_notional, order.max_fee_ppm(),
                    order.view.cum_fee);
}

void Accounts::expire_at(const OrderRecord& order, std::int64_t expire_time_ns) noexcept {
  orders_.specials()[order.special].view.expire_time_ns = expire_time_ns;
  begin_to_expire(order);
}

Reason Accounts::check_amended_funds(const OrderRecord& order, const Amend& amend, std::int64_t needed) const noexcept {
  if (order.is_on_margin()) [[unlikely]] return check_amended_exposure(order, amend);
  const AccountBalance& balance = balances_[amend.side == Side::kBuy ? order.quote_balance : order.base_balance];
  const bool restricted = balances_.account(order.account).is_restricted;
  const std::int64_t available = restricted ? spendable(order.account, balance.asset) : balance.available;
  return missing(order, needed) > available ? Reason::kInsufficientFunds : Reason::kNone;
}

Answer Accounts::conclude(const AmendOrder& command, Slot order, Reason reason, Step& step) {
  if (command.request_id.empty()) return {step.stamp.engine_seq, reason, false, order};
  return remember_request(request_of(command, CommandKind::kAmendOrder), order, reason, step);
}

}  // namespace exchange::engine
