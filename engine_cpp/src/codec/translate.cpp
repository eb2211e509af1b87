// What a request's numbers come to at the scales of its instrument.
#include <algorithm>

#include "commands.hpp"

namespace exchange::codec {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

struct Faults {
  Reason too_many_decimals;
  Reason out_of_range;
};
constexpr Faults kOfPrice{Reason::kPriceNotOnTick, Reason::kPriceOutOfRange};
constexpr Faults kOfQuantity{Reason::kQuantityNotOnLot, Reason::kQuantityOutOfRange};
constexpr Faults kOfBudget{Reason::kAmountOutOfRange, Reason::kNotionalOutOfRange};
constexpr Faults kOfDisplay{Reason::kDisplayQuantityOutOfRange, Reason::kDisplayQuantityOutOfRange};
constexpr Faults kOfMinimum{Reason::kMinQuantityOutOfRange, Reason::kMinQuantityOutOfRange};

Reason translate_units(const Decimal& decimal, unsigned scale, const Faults& faults, std::int64_t& out) noexcept {
  out = 0;
  if (!decimal.present) return Reason::kNone;
  switch (units_of(decimal, scale, out)) {
    case DecimalFault::kNone: return Reason::kNone;
    case DecimalFault::kTooManyDecimals: return faults.too_many_decimals;
    case DecimalFault::kOutOfRange: return faults.out_of_range;
  }
  return faults.out_of_range;
}

// To the engine 0 means absent, so only here can a zero that was asked for be told from none.
Reason translate_size(const Decimal& decimal, unsigned scale, const Faults& faults, std::int64_t& out) noexcept {
  const Reason reason = translate_units(decimal, scale, faults, out);
  if (reason != Reason::kNone) return reason;
  return decimal.present && out <= 0 ? faults.out_of_range : Reason::kNone;
}

std::int64_t expire_time_of(const PlaceRequest& asked, std::int64_t now_ns) noexcept {
  if (asked.time_in_force == TimeInForce::kDay) return (now_ns / kDayNs + 1) * kDayNs;
  return asked.expire_time.present ? std::max<std::int64_t>(asked.expire_time.ns(), 1) : 0;
}

Reason translate_order(const Setting& setting, NewOrder& out, std::string_view& unknown) {
  const PlaceRequest& asked = out.asked;
  if (!asked.well_formed || asked.validate_only) return Reason::kInvalidField;
  out.instrument = setting.instruments.with_symbol(asked.symbol);
  if (out.instrument == nullptr) {
    unknown = asked.symbol;
    return Reason::kUnknownInstrument;
  }
  const Instrument& i = *out.instrument;
  Reason reason = translate_units(asked.price, i.price_scale, kOfPrice, out.price);
  const auto next = [&](const auto& translate, const Decimal& decimal, unsigned scale, const Faults& faults,
                        std::int64_t& units) {
    if (reason == Reason::kNone) reason = translate(decimal, scale, faults, units);
  };
  next(translate_size, asked.quantity, i.quantity_scale, kOfQuantity, out.quantity);
  next(translate_size, asked.quote_budget, i.quote_scale, kOfBudget, out.quote_budget);
  next(translate_units, asked.trigger_price, i.price_scale, kOfPrice, out.trigger_price);
  next(translate_size, asked.display_quantity, i.quantity_scale, kOfDisplay, out.display_quantity);
  next(translate_size, asked.min_quantity, i.quantity_scale, kOfMinimum, out.min_quantity);
  out.expire_time_ns = expire_time_of(asked, setting.asker.now_ns);
  return reason;
}

}  // namespace

Reason translate(std::string_view request, const Setting& setting, NewOrder& out, std::string_view& unknown) {
  read_request(request, out.asked);
  return translate_order(setting, out, unknown);
}

Reason translate(std::string_view request, const Setting& setting, NewGroup& out, std::string_view& unknown) {
  GroupRequest asked;
  read_request(request, asked);
  if (!asked.well_formed) return Reason::kInvalidField;
  out.link_type = asked.link_type;
  out.count = asked.count;
  for (std::size_t i = 0; i < asked.count; ++i) {
    out.orders[i].asked = asked.orders[i];
    if (asked.orders[i].validate_only) return Reason::kInvalidField;
  }
  for (std::size_t i = 0; i < asked.count; ++i) {
    const Reason reason = translate_order(setting, out.orders[i], unknown);
    if (reason != Reason::kNone) return reason;
  }
  return Reason::kNone;
}

}  // namespace exchange::codec
