#include "exchange/codec/instruments.hpp"

#include <cassert>
#include <utility>

namespace exchange::codec {

void Instruments::know(Instrument instrument) {
  assert(instrument.price_scale <= kMaxScale && instrument.quantity_scale <= kMaxScale);
  assert(instrument.quote_scale <= kMaxScale);
  if (by_id_.contains(instrument.instrument_id)) return;
  const Instrument& known = all_.emplace_back(std::move(instrument));
  by_symbol_.emplace(known.symbol, &known);
  by_id_.emplace(known.instrument_id, &known);
}

const Instrument* Instruments::with_symbol(std::string_view symbol) const {
  const auto found = by_symbol_.find(symbol);
  return found == by_symbol_.end() ? nullptr : found->second;
}

const Instrument* Instruments::with_id(std::uint32_t instrument_id) const {
  const auto found = by_id_.find(instrument_id);
  return found == by_id_.end() ? nullptr : found->second;
}

}  // namespace exchange::codec
