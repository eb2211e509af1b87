#include "margin.hpp"

namespace exchange::engine {
namespace {

// Far beyond any amount, and small enough that those of all instruments add up.
constexpr Int128 kMost = Int128{1} << 112;
constexpr std::int64_t kBillion = 1'000'000'000;

Int128 times(Int128 one, Int128 other) noexcept {
  Int128 product = 0;
  if (__builtin_mul_overflow(one, other, &product)) return (one < 0) == (other < 0) ? kMost : -kMost;
  return std::clamp(product, -kMost, kMost);
}

Int128 divided_down(Int128 value, Int128 divisor) noexcept {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

Int128 divided_up(Int128 value, Int128 divisor) noexcept { return value / divisor + (value % divisor > 0 ? 1 : 0); }

bool is_option(const Instrument& instrument) noexcept { return instrument.terms.kind == InstrumentKind::kOption; }

}  // namespace

Int128 value_at(const Instrument& instrument, std::int64_t price, Int128 quantity) noexcept {
  return divided_down(times(times(price, quantity), instrument.notional_factor), instrument.notional_divisor);
}

Int128 exposure(const Instrument& instrument, const Position& p) noexcept {
  const Int128 shorted = Int128{p.open_sells} - p.quantity;
  if (is_option(instrument)) return std::max<Int128>(shorted, 0);
  const Int128 bought = Int128{p.quantity} + p.open_buys;
  return std::max({bought, -bought, shorted, -shorted});
}

Int128 Margin::settled(const Instrument& instrument, Int128 amount) const noexcept {
  const Slot unit = instruments_.settlement_asset();
  if (instrument.quote == unit) return amount;
  const Int128 scaled = times(times(amount, instrument.prices.conversion_rate_ppb),
                              power_of_ten(instruments_.asset(unit).scale));
  return divided_down(scaled, Int128{kBillion} * power_of_ten(instruments_.asset(instrument.quote).scale));
}

Int128 Margin::settled_up(const Instrument& instrument, Int128 amount) const noexcept {
  return -settled(instrument, -amount);
}

Int128 Margin::quoted(const Instrument& instrument, Int128 amount) const noexcept {
  const Slot unit = instruments_.settlement_asset();
  if (instrument.quote == unit) return amount;
  const Int128 scaled = times(times(amount, kBillion), power_of_ten(instruments_.asset(instrument.quote).scale));
  const Int128 rate = times(instrument.prices.conversion_rate_ppb, power_of_ten(instruments_.asset(unit).scale));
  return divided_down(scaled, rate);
}

Int128 Margin::quoted_up(const Instrument& instrument, Int128 amount) const noexcept {
  return -quoted(instrument, -amount);
}

Int128 Margin::price_span(const Instrument& instrument, Int128 amount, Int128 size) const noexcept {
  return divided_down(times(quoted(instrument, amount), instrument.notional_divisor),
                      times(instrument.notional_factor, size));
}

Int128 Margin::paid_by_option(const Instrument& option, const Instrument& underlying, std::int64_t pays,
                              Int128 size) const noexcept {
  const Int128 scaled = times(times(times(pays, size), option.terms.multiplier),
                              power_of_ten(instruments_.asset(option.quote).scale));
  return divided_down(scaled, power_of_ten(underlying.price_scale + option.quantity_scale));
}

bool Margin::is_priced(const Instrument& instrument) const noexcept {
  return instrument.prices.has_mark &&
         (instrument.quote == instruments_.settlement_asset() || instrument.prices.has_conversion_rate);
}

Int128 Margin::unrealised(const Position& position) const noexcept {
  const Instrument& instrument = instruments_[position.instrument];
  if (position.quantity == 0 || !is_priced(instrument)) return 0;
  const Int128 worth = value_at(instrument, instrument.prices.mark, position.quantity);
  // The premium of an option moved when it was traded.
  return settled(instrument, is_option(instrument) ? worth : worth - position.cost);
}

Int128 Margin::margin_on(const Instrument& instrument, Int128 quantity, std::uint32_t ppm) const noexcept {
  const std::int64_t mark = instrument.prices.mark;
  const Int128 notional = -value_at(instrument, mark < 0 ? mark : -mark, quantity);  // rounded up
  return divided_up(times(notional, ppm), kMillion);
}

// The maintenance margin of a short option is the same share of its margin as of a notional.
Int128 Margin::short_margin(const Instrument& instrument, const SetMarginParameters& parameters, Int128 contracts,
                            bool maintains) const noexcept {
  const Int128 initial =
      divided_up(times(contracts, parameters.short_option_margin), power_of_ten(instrument.quantity_scale));
  if (!maintains) return initial;
  return divided_up(times(initial, parameters.maintenance_margin_ppm), parameters.initial_margin_ppm);
}

Int128 Margin::initial(const Position& position, std::uint32_t account_class) const noexcept {
  const Instrument& instrument = instruments_[position.instrument];
  const SetMarginParameters* const parameters = instruments_.margin().find(instrument.instrument_id, account_class);
  const Int128 worst = exposure(instrument, position);
  if (parameters == nullptr || (worst == 0 && position.reserved == 0)) return 0;
  const Int128 margin = is_option(instrument) ? short_margin(instrument, *parameters, worst, false)
                                              : margin_on(instrument, worst, parameters->initial_margin_ppm);
  return settled_up(instrument, margin + position.reserved);
}

Int128 Margin::maintenance(const Position& position, std::uint32_t account_class) const noexcept {
  const Instrument& instrument = instruments_[position.instrument];
  const SetMarginParameters* const parameters = instruments_.margin().find(instrument.instrument_id, account_class);
  if (parameters == nullptr || position.quantity == 0) return 0;
  const Int128 held = position.quantity;
  const Int128 margin =
      is_option(instrument) ? short_margin(instrument, *parameters, std::max<Int128>(-held, 0), true)
                            : margin_on(instrument, held < 0 ? -held : held, parameters->maintenance_margin_ppm);
  return settled_up(instrument, margin);
}

Standing Margin::standing(Slot account, std::uint32_t account_class, std::int64_t collateral) const noexcept {
  Standing out{.equity = collateral};
  for (Slot at = positions_.first_of_account(account); at != kNil; at = positions_[at].next_of_account) {
    const Position& position = positions_[at];
    out.equity += unrealised(position);
    out.initial += initial(position, account_class);
    out.maintenance += maintenance(position, account_class);
  }
  return out;
}

std::int64_t Margin::reserve(const Instrument& instrument, const OpenOrder& order) const noexcept {
  if (order.leaves == 0) return 0;
  const std::int64_t value = instrument.notional(order.price, order.leaves);
  const std::int64_t fees = fee_on(order.cum_notional + value, order.max_ppm) + 1 - order.cum_fee;
  const bool pays_premium = is_option(instrument) && order.side == Side::kBuy;
  return pays_premium ? fees + value : fees;
}

std::int64_t Margin::reserve_of(const OrderRecord& order) const noexcept {
  const OrderView& v = order.view;
  return reserve(instruments_[order.instrument], {.side = v.side,
                                                  .price = order.hold_price,
                                                  .leaves = v.leaves_quantity,
                                                  .cum_notional = v.cum_notional,
                                                  .cum_fee = v.cum_fee,
                                                  .max_ppm = order.max_fee_ppm()});
}

}  // namespace exchange::engine
