// Pegged orders: the accounts' half, and the arithmetic of where they stand.
#include "pegs.hpp"

#include "accounts.hpp"
#include "bands.hpp"
#include "money.hpp"

namespace exchange::engine {
namespace {

// Half way between two prices, rounded to the passive side of an order.
std::int64_t middle(Side side, std::int64_t bid, std::int64_t ask, std::int64_t tick) noexcept {
  const Int128 sum = Int128{bid} + ask;
  const Int128 step = Int128{2} * tick;
  const Int128 down = sum / step - (sum % step < 0 ? 1 : 0);
  return static_cast<std::int64_t>((side == Side::kBuy || down * step == sum ? down : down + 1) * tick);
}

std::optional<std::int64_t> reference_of(const PegTerms& terms, const PegPrices& best, std::int64_t tick) noexcept {
  const bool buys = terms.side == Side::kBuy;
  switch (terms.reference) {
    case PegReference::kPrimary: return buys ? best.bid : best.ask;
    case PegReference::kMarket: return buys ? best.ask : best.bid;
    case PegReference::kMid:
      if (!best.bid || !best.ask) return {};
      return middle(terms.side, *best.bid, *best.ask, tick);
    case PegReference::kNone: break;
  }
  assert(false);
  return {};
}

}  // namespace

std::optional<std::int64_t> peg_price(const PegTerms& terms, const PegPrices& best,
                                      const Instrument& instrument) noexcept {
  const std::int64_t tick = instrument.tick;
  const std::optional<std::int64_t> reference = reference_of(terms, best, tick);
  if (!reference) return {};
  const bool buys = terms.side == Side::kBuy;
  Int128 price = *reference + Int128{terms.offset_ticks} * tick;
  price = buys ? std::min<Int128>(price, terms.limit) : std::max<Int128>(price, terms.limit);
  const std::optional<std::int64_t> opposite = buys ? best.ask : best.bid;
  if (terms.stays_behind && opposite) {
    price = buys ? std::min<Int128>(price, *opposite - tick) : std::max<Int128>(price, *opposite + tick);
  }
  const bool fits = price >= -kMaxPrice && price <= kMaxPrice && instrument.is_price(static_cast<std::int64_t>(price));
  return fits ? std::optional(static_cast<std::int64_t>(price)) : std::nullopt;
}

std::optional<std::int64_t> Accounts::peg_price_of(const PlaceOrder& command, Slot instrument,
                                                   const PegPrices& best) const noexcept {
  const PegTerms terms{.limit = command.price,
                       .offset_ticks = command.special->peg_offset_ticks,
                       .side = command.side,
                       .reference = command.special->peg_reference,
                       .stays_behind = command.special->post_only_reprice};
  return peg_price(terms, best, instruments_[instrument]);
}

std::optional<std::int64_t> Accounts::peg_price_of(Slot slot, std::int64_t limit,
                                                   const PegPrices& best) const noexcept {
  const OrderRecord& order = orders_[slot];
  const SpecialView& special = *orders_.special_view(order);
  const PegTerms terms{.limit = limit,
                       .offset_ticks = special.peg_offset_ticks,
                       .side = order.view.side,
                       .reference = special.peg_reference,
                       .stays_behind = order.view.post_only};
  return peg_price(terms, best, instruments_[order.instrument]);
}

std::optional<std::int64_t> Accounts::working_price(Slot slot) const noexcept {
  const SpecialView& special = *orders_.special_view(orders_[slot]);
  return special.has_working_price ? std::optional(special.working_price) : std::nullopt;
}

Answer Accounts::refuse_unpriced(const PlaceOrder& command, const Admission& admission, Step& step) {
  return reject(command, admission.account, admission.inquiry.instrument, Reason::kNoReferencePrice, step);
}

Place Accounts::peg(const Place& place, std::int64_t price) noexcept {
  Place pegged = place;
  move(orders_[place.owner], price, pegged.limit);
  pegged.type = OrderType::kLimit;
  pegged.is_pegged = true;
  return pegged;
}

void Accounts::peg(Slot slot, std::optional<std::int64_t> price) noexcept {
  std::int64_t limit = 0;
  move(orders_[slot], price, limit);
}

void Accounts::restate_peg(Slot slot, std::optional<std::int64_t> price, Step& step) {
  OrderRecord& order = orders_[slot];
  peg(slot, price);
  touch(order, step);
  tell(OrderUpdateCause::kRestatedPeg, order, step);
}

Place Accounts::place_pegged_again(Slot slot) const noexcept {
  const OrderRecord& order = orders_[slot];
  Place place = place_again(slot);
  place.order_id = order.view.order_id;
  place.type = OrderType::kLimit;
  place.time_in_force = TimeInForce::kGtc;
  place.mode = order.view.self_trade_prevention;
  return place;
}

// Every open pegged order is in its list, and out of the book exactly while it has no price there.
bool Accounts::pegs_consistent() const {
  std::uint32_t pegged = 0;
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (!order.is_resting() || order.view.type != OrderType::kPegged) continue;
    ++pegged;
    if (order.is_off_book() == orders_.special_view(order)->has_working_price) return false;
  }
  std::uint32_t listed = 0;
  for (Slot instrument = 0; instrument < instruments_.size(); ++instrument) {
    std::uint64_t last = 0;
    for (Slot at = pegs_.first(instrument); at != kNil; at = pegs_.next(at), ++listed) {
      const OrderRecord& order = orders_[pegs_.order(at)];
      if (order.special != at || order.instrument != instrument || order.view.order_id <= last) return false;
      last = order.view.order_id;
    }
  }
  return listed == pegged;
}

}  // namespace exchange::engine
