#include "checks.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

namespace exchange::engine {
namespace {

constexpr std::int64_t kMinTimeToExpiryNs = 1'000'000'000;

Reason check_limit_shape(const PlaceOrder& command) noexcept {
  if (command.quote_budget != 0) return Reason::kOrderFieldsConflict;
  const bool stays = may_rest(command.time_in_force) && !is_for_auction(command.time_in_force);
  if (command.post_only && !stays) return Reason::kOrderFieldsConflict;
  return command.quantity > 0 ? Reason::kNone : Reason::kQuantityOutOfRange;
}

// Exactly one of quantity and budget; a budget is for buying, and cannot be filled "in full".
Reason check_market_shape(const PlaceOrder& command) noexcept {
  const bool has_budget = command.quote_budget != 0;
  const bool stays = may_rest(command.time_in_force) && !is_for_auction(command.time_in_force);
  if (command.price != 0 || command.post_only || stays || has_budget == (command.quantity != 0)) {
    return Reason::kOrderFieldsConflict;
  }
  if (!has_budget) return command.quantity > 0 ? Reason::kNone : Reason::kQuantityOutOfRange;
  if (command.side == Side::kSell || command.time_in_force != TimeInForce::kIoc) return Reason::kOrderFieldsConflict;
  return command.quote_budget > 0 ? Reason::kNone : Reason::kNotionalOutOfRange;
}

// A trigger is for an order that waits for it, and none waits without.
Reason check_special_shape(const PlaceOrder& command, const SpecialTerms& terms) noexcept {
  if (expires_at_time(command.time_in_force) != (terms.expire_time_ns != 0)) return Reason::kOrderFieldsConflict;
  if (terms.post_only_reprice && !command.post_only) return Reason::kOrderFieldsConflict;
  if (terms.survive_disconnect && !terms.reduce_only) return Reason::kOrderFieldsConflict;
  // What it is to trade follows from a position: no amount of money says it, and no part of it is kept back.
  const bool sized = command.quote_budget != 0 || terms.display_quantity != 0;
  if (terms.reduce_only && sized) return Reason::kOrderFieldsConflict;
  const bool names_trigger = terms.has_trigger_price || terms.trigger_reference != TriggerReference::kDefault;
  if (names_trigger && !waits_for_price(command.type)) return Reason::kOrderFieldsConflict;
  const bool trails = command.type == OrderType::kTrailingStop;
  const bool names_offset = terms.trailing_ticks != 0 || terms.trailing_bps != 0;
  if ((names_offset && !trails) || (terms.has_trigger_price && trails)) return Reason::kOrderFieldsConflict;
  const bool names_peg = terms.peg_reference != PegReference::kNone || terms.peg_offset_ticks != 0;
  if (names_peg && command.type != OrderType::kPegged) return Reason::kOrderFieldsConflict;
  const bool may_hide_some = command.type == OrderType::kLimit && may_rest(command.time_in_force);
  if (terms.display_quantity != 0 && !may_hide_some) return Reason::kOrderFieldsConflict;
  const bool may_ask_for_some = command.time_in_force == TimeInForce::kIoc && command.quote_budget == 0;
  return terms.min_quantity != 0 && !may_ask_for_some ? Reason::kOrderFieldsConflict : Reason::kNone;
}

// It has a quantity, and a limit if its type says so. It comes while the market matches, and so to no auction.
Reason check_waiting_shape(const PlaceOrder& command) noexcept {
  if (is_for_auction(command.time_in_force)) return Reason::kOrderFieldsConflict;
  if (command.special == nullptr) return Reason::kOrderFieldsConflict;
  const SpecialTerms& terms = *command.special;
  const bool trails = command.type == OrderType::kTrailingStop;
  const bool says_where = trails ? (terms.trailing_ticks != 0) != (terms.trailing_bps != 0) : terms.has_trigger_price;
  if (!says_where) return Reason::kOrderFieldsConflict;
  if (has_limit(command.type)) return check_limit_shape(command);
  return command.quote_budget != 0 ? Reason::kOrderFieldsConflict : check_market_shape(command);
}

// It rests, and says what it follows.
Reason check_pegged_shape(const PlaceOrder& command) noexcept {
  const bool says_what = command.special != nullptr && command.special->peg_reference != PegReference::kNone;
  const bool stays = may_rest(command.time_in_force) && !is_for_auction(command.time_in_force);
  return says_what && stays ? check_limit_shape(command) : Reason::kOrderFieldsConflict;
}

}  // namespace

Reason check_shape(const PlaceOrder& command) noexcept {
  if (command.special != nullptr) {
    const Reason reason = check_special_shape(command, *command.special);
    if (reason != Reason::kNone) return reason;
  } else if (expires_at_time(command.time_in_force)) {
    return Reason::kOrderFieldsConflict;
  }
  if (waits_for_price(command.type)) return check_waiting_shape(command);
  if (command.type == OrderType::kPegged) return check_pegged_shape(command);
  return command.type == OrderType::kLimit ? check_limit_shape(command) : check_market_shape(command);
}

Reason check_special_quantity(const Instrument& instrument, const PlaceOrder& command,
                          const SpecialTerms& terms) noexcept {
  if (terms.display_quantity != 0) {
    return check_display(instrument, terms.display_quantity, command.quantity, command.quantity);
  }
  const bool within = terms.min_quantity >= 0 && terms.min_quantity <= command.quantity;
  if (terms.min_quantity == 0) return Reason::kNone;
  return within && instrument.by_lot.divides(terms.min_quantity) ? Reason::kNone : Reason::kMinQuantityOutOfRange;
}

Reason check_expire_time(TimeInForce time_in_force, std::int64_t expire_time_ns, std::int64_t now_ns) noexcept {
  if (!expires_at_time(time_in_force)) return Reason::kNone;
  const bool within = expire_time_ns > now_ns + kMinTimeToExpiryNs && expire_time_ns <= now_ns + kMaxOrderAgeNs;
  return within ? Reason::kNone : Reason::kExpireTimeOutOfRange;
}

Reason check_trigger_terms(const Instrument& instrument, const PlaceOrder& command) noexcept {
  if (command.type != OrderType::kTrailingStop) return check_price(instrument, command.special->trigger_price);
  return command.special->trailing_ticks < 0 ? Reason::kTrailingOffsetOutOfRange : Reason::kNone;
}

Reason check_grid(const Instrument& instrument, const PlaceOrder& command) noexcept {
  if (!may_place(instrument, command)) return Reason::kPhaseNotAllowed;
  if (has_limit(command.type)) {
    if (const Reason reason = check_price(instrument, command.price); reason != Reason::kNone) return reason;
  }
  if (waits_for_price(command.type)) {
    const Reason reason = check_trigger_terms(instrument, command);
    if (reason != Reason::kNone) return reason;
  }
  if (is_reduce_only(command) && !instrument.on_margin) return Reason::kOrderFieldsConflict;
  // A budget buys what is paid in full.
  if (command.quote_budget > 0) return instrument.on_margin ? Reason::kOrderFieldsConflict : Reason::kNone;
  const Reason reason = check_quantity(instrument, command.quantity);
  if (reason != Reason::kNone || command.special == nullptr) return reason;
  return check_special_quantity(instrument, command, *command.special);
}

Reason check_notional(const Instrument& instrument, const PlaceOrder& command, std::int64_t worst_price) noexcept {
  const std::int64_t notional =
      command.quote_budget > 0 ? command.quote_budget : instrument.notional(worst_price, command.quantity);
  return fits_bounds(instrument, command.type, notional) ? Reason::kNone : Reason::kNotionalOutOfRange;
}

std::size_t first_repeated_id(std::span<const PlaceOrder> orders) noexcept {
  assert(orders.size() <= kMaxAtomicOrders);
  std::array<std::uint16_t, kMaxAtomicOrders> places{};
  const std::span sorted = std::span(places).first(orders.size());
  std::iota(sorted.begin(), sorted.end(), std::uint16_t{0});
  const auto key = [&](std::uint16_t at) {
    return std::tuple(orders[at].account_id, orders[at].client_order_id, at);
  };
  std::ranges::sort(sorted, {}, key);
  std::size_t first = orders.size();
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    const PlaceOrder& one = orders[sorted[i - 1]];
    const PlaceOrder& next = orders[sorted[i]];
    const bool same = one.account_id == next.account_id && one.client_order_id == next.client_order_id;
    if (same) first = std::min<std::size_t>(first, sorted[i]);
  }
  return first;
}

}  // namespace exchange::engine
