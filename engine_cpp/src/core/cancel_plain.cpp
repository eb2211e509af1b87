// The way of most cancels, in one pass: a plain order, named by its number, leaves a market that matches. It comes to
// what the general way comes to (accounts.cpp); what is not plain in any respect, or is to be refused, is left to that.
#include "shard.hpp"

namespace exchange::engine {
namespace {

bool is_plain(const CancelOrder& c) noexcept { return c.client_order_id.empty() && c.request_id.empty(); }

}  // namespace

inline Slot Accounts::judge_plain(const CancelOrder& command, std::int64_t now_ns) const noexcept {
  const Slot slot = is_plain(command) ? orders_.find(command.order_id) : kNil;
  if (slot == kNil) return kNil;
  const OrderRecord& order = orders_[slot];
  const bool own = order.view.account_id == command.account_id && !is_venue(command.account_id);
  const bool plain = own && order.is_plain() && instruments_[order.instrument].is_plain();
  return plain && is_in_time(command.valid_until_ns, now_ns) ? slot : kNil;
}

Slot Core::Shard::cancel_plainly(const CancelOrder& command, Step& step) {
  const Slot slot = accounts_.judge_plain(command, step.stamp.time_ns);
  if (slot == kNil) return kNil;
  const OrderRecord& order = accounts_.orders()[slot];
  books_.lift(order.instrument, order.view.side, order.book_slot);
  accounts_.settle(Release{slot, OrderStatus::kCancelled, EndReason::kRequested}, step);
  return slot;
}

}  // namespace exchange::engine
