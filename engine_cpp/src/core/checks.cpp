#include "checks.hpp"

namespace exchange::engine {
namespace {

// Terms that the core does not act on are refused rather than ignored.
bool are_supported(const SpecialTerms& terms) noexcept {
  SpecialTerms rest = terms;
  rest.tag = 0;
  rest.session_id = 0;
  return rest == SpecialTerms{};
}

bool is_supported(const PlaceOrder& command) noexcept {
  return command.type <= OrderType::kMarket && command.time_in_force <= TimeInForce::kFok &&
         (command.special == nullptr || are_supported(*command.special));
}

Reason check_limit_shape(const PlaceOrder& command) noexcept {
  if (command.quote_budget != 0) return Reason::kOrderFieldsConflict;
  if (command.post_only && command.time_in_force != TimeInForce::kGtc) return Reason::kOrderFieldsConflict;
  return command.quantity > 0 ? Reason::kNone : Reason::kQuantityOutOfRange;
}

// Exactly one of quantity and budget; a budget is for buying, and cannot be filled "in full".
Reason check_market_shape(const PlaceOrder& command) noexcept {
  const bool has_budget = command.quote_budget != 0;
  if (command.price != 0 || command.post_only || command.time_in_force == TimeInForce::kGtc ||
      has_budget == (command.quantity != 0)) {
    return Reason::kOrderFieldsConflict;
  }
  if (!has_budget) return command.quantity > 0 ? Reason::kNone : Reason::kQuantityOutOfRange;
  if (command.side == Side::kSell || command.time_in_force == TimeInForce::kFok) return Reason::kOrderFieldsConflict;
  return command.quote_budget > 0 ? Reason::kNone : Reason::kNotionalOutOfRange;
}

}  // namespace

Reason check_shape(const PlaceOrder& command) noexcept {
  if (!is_supported(command)) return Reason::kNotSupported;
  return command.type == OrderType::kLimit ? check_limit_shape(command) : check_market_shape(command);
}

Reason check_price(const Instrument& instrument, std::int64_t price) noexcept {
  if (price <= 0 || price > kMaxPrice) return Reason::kPriceOutOfRange;
  return instrument.by_tick.divides(price) ? Reason::kNone : Reason::kPriceNotOnTick;
}

Reason check_quantity(const Instrument& instrument, std::int64_t quantity) noexcept {
  if (!instrument.by_lot.divides(quantity)) return Reason::kQuantityNotOnLot;
  const bool within = quantity >= instrument.min_quantity && quantity <= instrument.max_quantity;
  return within ? Reason::kNone : Reason::kQuantityOutOfRange;
}

Reason check_grid(const Instrument& instrument, const PlaceOrder& command) noexcept {
  if (!may_place(instrument, command)) return Reason::kPhaseNotAllowed;
  if (command.type == OrderType::kLimit) {
    if (const Reason reason = check_price(instrument, command.price); reason != Reason::kNone) return reason;
  }
  return command.quote_budget > 0 ? Reason::kNone : check_quantity(instrument, command.quantity);
}

Reason check_notional(const Instrument& instrument, const PlaceOrder& command, std::int64_t worst_price) noexcept {
  const std::int64_t notional =
      command.quote_budget > 0 ? command.quote_budget : instrument.notional(worst_price, command.quantity);
  const bool within = notional >= instrument.min_notional && notional <= instrument.max_notional;
  return within ? Reason::kNone : Reason::kNotionalOutOfRange;
}

}  // namespace exchange::engine
