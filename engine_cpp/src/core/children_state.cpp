// Groups with a parent: what a saved state has to say of them.
#include <algorithm>

#include "accounts.hpp"
#include "group_shape.hpp"

namespace exchange::engine {

// A parent is kept for its children, as an order is for its id.
void Accounts::restore_parents() noexcept {
  for (const Slot slot : orders_.sorted()) {
    const OrderRecord& order = orders_[slot];
    if (order.special == kNil || !orders_.specials()[order.special].leads) continue;
    orders_.refer(slot);
    stir(order);
  }
}

bool Accounts::parent_consistent(const OrderRecord& order) const noexcept {
  const SpecialRecord& special = orders_.specials()[order.special];
  const bool full = special.view.link_type == LinkType::kOtoFull;
  if (special.view.parent_order_id != 0 || special.awaits || special.is_fed || special.promised != 0) return false;
  if (is_active(order.view.status) && !special.leads) return false;
  if (special.leads && full && special.passed != 0) return false;
  return special.passed >= 0 && special.passed <= order.view.cum_quantity && !order.has_budget();
}

// What a child holds for follows from its parent.
bool Accounts::child_consistent(const OrderRecord& order) const noexcept {
  const SpecialRecord& special = orders_.specials()[order.special];
  const SpecialView& view = special.view;
  const std::uint64_t place = order.view.order_id - view.link_id;
  const std::uint64_t most = view.link_type == LinkType::kBracket ? 2 : kMaxGroupOrders - 1;
  if (view.parent_order_id != view.link_id || special.leads || special.passed != 0 || place > most) return false;
  if (!is_active(order.view.status)) return true;
  const Slot slot = orders_.find(view.link_id);
  const bool led = slot != kNil && orders_[slot].special != kNil && orders_.specials()[orders_[slot].special].leads;
  if (!led) return !special.awaits && special.promised == 0;
  const OrderRecord& parent = orders_[slot];
  const SpecialRecord& leader = orders_.specials()[parent.special];
  if (parent.account != order.account || parent.instrument != order.instrument) return false;
  if (leader.view.link_type != view.link_type || leader.view.link_id != view.link_id) return false;
  const std::int64_t filled = parent.view.cum_quantity;
  const std::int64_t open = parent.view.leaves_quantity;
  if (special.awaits && (leader.passed != 0 || order.view.leaves_quantity < filled + open)) return false;
  if (!special.is_fed) {
    return special.awaits ? special.promised == 0 : special.promised >= filled - leader.passed + open;
  }
  const bool only = view.link_type == LinkType::kBracket || std::ranges::none_of(children_of(parent), [&](Slot other) {
                      return &orders_[other] != &order && orders_.specials()[orders_[other].special].is_fed;
                    });
  const bool brings = parent.view.side != order.view.side && (order.is_on_margin() || order.view.side == Side::kSell);
  return only && brings &&
         special.promised == (special.awaits ? filled - order.view.leaves_quantity : filled - leader.passed);
}

}  // namespace exchange::engine
