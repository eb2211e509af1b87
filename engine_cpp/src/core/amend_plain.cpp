// The way of most amends, in one pass: a plain order goes to another price, or to another quantity. It comes to what
// the stages of the general way come to (amend.cpp), by the same checks. What is not plain in any respect, and whatever
// is to be refused, is left to that way before anything is touched.
#include "checks.hpp"
#include "shard.hpp"

namespace exchange::engine {
namespace {

// A new price or size of an order named by its number, and not to be remembered.
bool is_plain(const AmendOrder& c) noexcept {
  return c.client_order_id.empty() && c.request_id.empty() && c.expected_version == 0 && !c.has_display_quantity &&
         !c.has_expire_time && !c.has_trigger_price && c.quantity >= 0 &&
         (c.has_price || c.requeue || c.size != AmendSize::kUnchanged);
}

// What is to be open of the order.
std::int64_t leaves_of(const AmendOrder& command, const OrderView& view, std::int64_t done) noexcept {
  if (command.size == AmendSize::kUnchanged) [[likely]] return view.quantity - done;
  return command.size == AmendSize::kTotal ? command.quantity - done : std::min(command.quantity, kMaxAmount);
}

}  // namespace

inline PlainAmend Accounts::judge_plain(const AmendOrder& command, std::int64_t now_ns) const noexcept {
  const Slot slot = is_plain(command) ? orders_.find(command.order_id) : kNil;
  if (slot == kNil) return {};
  const OrderRecord& order = orders_[slot];
  const OrderView& view = order.view;
  if (view.account_id != command.account_id || is_venue(command.account_id) || !order.is_plain()) return {};
  if (command.instrument_id != 0 && command.instrument_id != view.instrument_id) return {};
  const Instrument& instrument = instruments_[order.instrument];
  const bool restricted = balances_.account(order.account).is_restricted;
  if (restricted || !instrument.is_plain() || !is_in_time(command.valid_until_ns, now_ns)) return {};
  PlainAmend out{.price = command.has_price ? command.price : order.hold_price};
  const std::int64_t done = view.cum_quantity + view.prevented_quantity;
  out.leaves = leaves_of(command, view, done);
  const std::int64_t quantity = out.leaves + done;
  if (out.leaves <= 0 || check_price(instrument, out.price) != Reason::kNone ||
      check_quantity(instrument, quantity) != Reason::kNone) {
    return {};
  }
  const std::int64_t notional = instrument.notional(out.price, quantity);
  if (!fits_bounds(instrument, OrderType::kLimit, notional)) return {};
  out.needed = view.side == Side::kSell
                   ? instrument.base_amount(out.leaves)
                   : buyer_hold(done == 0 ? notional : instrument.notional(out.price, out.leaves), view.cum_notional,
                                order.max_fee_ppm(), view.cum_fee);
  const AccountBalance& given = balances_[view.side == Side::kBuy ? order.quote_balance : order.base_balance];
  if (out.needed - order.held > given.available) return {};
  out.keeps_priority = out.price == order.hold_price && out.leaves <= view.leaves_quantity && !command.requeue;
  out.order = slot;
  return out;
}

inline void Accounts::amend_plainly(const PlainAmend& amend, Step& step) {
  OrderRecord& order = orders_[amend.order];
  OrderView& view = order.view;
  view.price = amend.price;
  view.quantity = view.cum_quantity + view.prevented_quantity + amend.leaves;
  view.leaves_quantity = amend.leaves;
  order.hold_price = amend.price;
  touch(order, step);
  step.events.order_updated(OrderUpdateCause::kAmended, view, balances_.next_event(order.account));
  reserve(order, amend.needed, step);
}

Slot Core::Shard::amend_plainly(const AmendOrder& command, Step& step) {
  const PlainAmend amend = accounts_.judge_plain(command, step.stamp.time_ns);
  if (amend.order == kNil) return kNil;
  const OrderRecord& order = accounts_.orders()[amend.order];
  const OrderView& view = order.view;
  const bool takes = books_.book(order.instrument).would_cross(view.side, amend.price);
  if ((takes && view.post_only) || !(amend.keeps_priority || books_.has_room())) return kNil;
  accounts_.amend_plainly(amend, step);
  if (takes) {
    take_plainly(amend, order, step);
  } else if (amend.keeps_priority) {
    books_.shrink(order.instrument, view.side, order.book_slot, amend.leaves);
  } else {
    books_.move(order.instrument, view.side, order.book_slot, amend.price, amend.leaves);
  }
  return amend.order;
}

// It meets the other side at its new price.
[[gnu::noinline]] void Core::Shard::take_plainly(const PlainAmend& amend, const OrderRecord& order, Step& step) {
  books_.amend({.owner = amend.order,
                .instrument = order.instrument,
                .book_slot = order.book_slot,
                .order_id = order.view.order_id,
                .self_trade_group = accounts_.balances().account(order.account).self_trade_group,
                .limit = amend.price,
                .leaves = amend.leaves,
                .side = order.view.side,
                .mode = order.view.self_trade_prevention,
                .keeps_priority = amend.keeps_priority});
  deliver(step);
  calm_until_ns_ = 0;  // a fill may lead to anything
}

}  // namespace exchange::engine
