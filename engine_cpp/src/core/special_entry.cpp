// How an order with special terms enters, and enters anew: the accounts' half.
#include "accounts.hpp"

namespace exchange::engine {

void Accounts::work_special_terms(const OrderRecord& order, const Quote& quote, Place& place) noexcept {
  const SpecialView& special = orders_.specials()[order.special].view;
  // A leg may have been reduced below its minimum by the one that entered with it.
  if (special.min_quantity > 0) place.min_quantity = std::min(special.min_quantity, place.quantity);
  place.display = place.slice = special.display_quantity;
  move(order, reprice(order, place.limit, quote), place.limit);
}

std::optional<std::int64_t> Accounts::reprice_special(const OrderRecord& order, std::int64_t limit,
                                                      const Quote& quote) const noexcept {
  const OrderView& view = order.view;
  if (!orders_.special_view(order)->post_only_reprice || !quote.best) return {};
  if (!crosses(view.side, limit, *quote.best)) return {};
  if (instruments_[order.instrument].collects()) return {};  // nothing takes
  return behind(instruments_[order.instrument], view.side, *quote.best);
}

// One tick behind the best price of the other side, if that is a price.
std::optional<std::int64_t> Accounts::behind(const Instrument& instrument, Side side, std::int64_t best) noexcept {
  const std::int64_t price = side == Side::kBuy ? best - instrument.tick : best + instrument.tick;
  return instrument.is_price(price) ? std::optional(price) : std::nullopt;
}

// The order stands at `working_price`, or at its limit if that is none.
void Accounts::move(const OrderRecord& order, std::optional<std::int64_t> working_price, std::int64_t& limit) noexcept {
  SpecialView& special = orders_.specials()[order.special].view;
  special.has_working_price = working_price.has_value();
  special.working_price = working_price.value_or(0);
  limit = working_price.value_or(limit);
}

}  // namespace exchange::engine
