// Orders that only reduce a position: the accounts' half. What stands in a book is made smaller there; what waits outside
// it, for a price or for a place, is made smaller here, each by itself.
#include <algorithm>

#include "accounts.hpp"

namespace exchange::engine {

bool Accounts::reduces(const OrderRecord& order) const noexcept {
  return order.special != kNil && orders_.specials()[order.special].view.reduce_only;
}

std::int64_t Accounts::closable(Slot account, Slot instrument, Side side) const noexcept {
  const Slot slot = positions_.find(account, instrument);
  return slot == kNil ? 0 : positions_[slot].closable(side);
}

// It enters with no more than there is to close. Whoever asks for more says so of a position that he knows only roughly.
PlaceOrder Accounts::clamped(const PlaceOrder& command, Slot account, Slot instrument) const noexcept {
  PlaceOrder out = command;
  out.quantity = std::min(out.quantity, closable(account, instrument, command.side));
  return out;
}

// An order that entered with others, in its turn: those before it may have traded what it was to close.
bool Accounts::clamp_in_turn(Slot slot, Place& place) noexcept {
  OrderView& view = orders_[slot].view;
  const std::int64_t most = closable(orders_[slot].account, orders_[slot].instrument, view.side);
  if (most == 0) return false;
  view.quantity = view.leaves_quantity = place.quantity = std::min(view.quantity, most);
  place.min_quantity = std::min(place.min_quantity, place.quantity);
  return true;
}

// It exposes nobody, so what it needs is something to reduce. What `wanted` counts of it is that it is open.
void Accounts::judge_reducing(const Exposing& wanted, ReasonList& out) const noexcept {
  const Position& after = wanted.after;
  if (after.reducing > kMaxReducing) out.add(Reason::kTooManyOpenOrders);
  if (trading_state(after.account) == TradingState::kHalted) out.add(Reason::kTradingState);
  if (after.closable(wanted.side) == 0) out.add(Reason::kReduceOnlyNoPosition);
}

void Accounts::begin_to_reduce(Slot slot) noexcept {
  const OrderRecord& order = orders_[slot];
  reducing_.add(order.special, slot, order.position());
  ++positions_[order.position()].reducing;
}

void Accounts::end_reducing(const OrderRecord& order) noexcept {
  reducing_.erase(order.special, order.position());
  --positions_[order.position()].reducing;
}

Slot Accounts::take_shrunk() noexcept {
  const Slot position = shrunk_.front();
  shrunk_.erase(shrunk_.begin());
  return position;
}

// Newest first.
void Accounts::collect_too_large(Slot position, std::vector<Slot>& out) const {
  out.clear();
  for (Slot at = reducing_.first(position); at != kNil; at = reducing_.next(at)) {
    const OrderRecord& order = orders_[reducing_.order(at)];
    const bool outside = order.is_untriggered() || order.is_off_book();
    const std::int64_t most = positions_[position].closable(order.view.side);
    if (outside && order.view.leaves_quantity > most) out.push_back(reducing_.order(at));
  }
  std::ranges::reverse(out);
}

void Accounts::on(const Reduced& message, Step& step) {
  OrderRecord& order = orders_[message.owner];
  order.view.quantity -= message.quantity;
  order.view.leaves_quantity -= message.quantity;
  touch(order, step);
  tell(OrderUpdateCause::kRestatedReduceOnly, order, step);
}

// All that are open are in their queues, in order, and no larger than what there is to close.
bool Accounts::reducing_consistent() const {
  std::uint32_t open = 0;
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (!reduces(order) || !order.is_resting()) continue;
    const bool fits = order.is_on_margin() && order.position() != kNil &&
                      order.view.leaves_quantity <= positions_[order.position()].closable(order.view.side);
    if (!fits || orders_.special_view(order)->display_quantity != 0) return false;
    ++open;
  }
  for (Slot position = 0; position < positions_.size(); ++position) {
    std::uint32_t queued = 0;
    std::uint64_t last = 0;
    for (Slot at = reducing_.first(position); at != kNil; at = reducing_.next(at), ++queued, --open) {
      const OrderRecord& order = orders_[reducing_.order(at)];
      if (order.special != at || order.position() != position || order.view.order_id <= last) return false;
      last = order.view.order_id;
    }
    if (queued != positions_[position].reducing || queued > kMaxReducing) return false;
  }
  return open == 0;
}

}  // namespace exchange::engine
