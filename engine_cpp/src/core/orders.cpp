#include "orders.hpp"

#include <algorithm>
#include <utility>

#include "phases.hpp"
#include "quantities.hpp"

namespace exchange::engine {
namespace {

// Latest engine time whose deadlines are still times.
constexpr std::int64_t kMaxTimeNs = std::int64_t{1} << 62;

bool is_amount(std::int64_t value) noexcept { return value >= 0 && value <= kMaxAmount; }

// A refused order may have named any quantity; what traded is bounded by the supply and by the limit of each order.
bool is_whole(const OrderView& v) noexcept {
  for (const std::int64_t value :
       {v.cum_quantity, v.leaves_quantity, v.prevented_quantity, v.cum_notional}) {
    if (!is_amount(value)) return false;
  }
  return v.quantity >= 0 && v.cancelled_quantity >= 0 && is_between(v.status, OrderStatus::kNew, OrderStatus::kUntriggered) &&
         is_between(v.end_reason, EndReason::kNone, EndReason::kPostOnlyWouldCross) &&
         Int128{v.cum_quantity} + v.leaves_quantity + v.prevented_quantity + v.cancelled_quantity == v.quantity;
}

bool has_known_terms(const OrderRecord& order) noexcept {
  const OrderView& v = order.view;
  return is_between(v.side, Side::kBuy, Side::kSell) &&
         is_between(v.type, OrderType::kLimit, OrderType::kPegged) &&
         is_between(v.time_in_force, TimeInForce::kGtc, TimeInForce::kAtClose) &&
         is_between(v.self_trade_prevention, SelfTradePrevention::kCancelMaker, SelfTradePrevention::kDecrement) &&
         is_fee_rate(order.taker_fee_ppm) && is_fee_rate(order.maker_fee_ppm) && order.max_fee_ppm() >= 0 &&
         is_amount(order.held) && v.quote_budget >= 0;
}

// Open exactly while its status says so, and with no fee but those of what it traded.
bool adds_up(const OrderRecord& order) noexcept {
  const OrderView& v = order.view;
  if (!is_amount(order.maker_notional) || order.maker_notional > v.cum_notional) return false;
  const std::int64_t fees =
      fee_on(order.taker_notional(), order.taker_fee_ppm) + fee_on(order.maker_notional, order.maker_fee_ppm);
  return is_active(v.status) == (v.leaves_quantity > 0) && v.cum_fee == fees;
}

// What trails has one offset and a watermark; nothing else has any.
bool trails_as_it_says(OrderType type, const SpecialView& special) noexcept {
  const bool trails = type == OrderType::kTrailingStop;
  const bool has_offset = special.trailing_ticks != 0 || special.trailing_bps != 0;
  if (has_offset != trails || special.has_watermark != trails) return false;
  return !trails || (special.trailing_ticks >= 0 && (special.trailing_ticks == 0) != (special.trailing_bps == 0));
}

// An order that waits for a price has a trigger, and costs what it can hold.
bool may_wait(const OrderRecord& order, const SpecialView* special, const Instruments& instruments) noexcept {
  const OrderView& v = order.view;
  if (special != nullptr && !trails_as_it_says(v.type, *special)) return false;
  if (!waits_for_price(v.type) || special == nullptr || !special->has_trigger_price) return false;
  if (order.instrument >= instruments.size()) return false;
  const Instrument& instrument = instruments[order.instrument];
  if (!instrument.is_price(special->trigger_price) || !instrument.is_price(order.hold_price)) return false;
  if (has_limit(v.type) && v.price != order.hold_price) return false;
  return v.cum_quantity == 0 && v.quantity <= kMaxAmount / instrument.base_factor &&
         instrument.notional(order.hold_price, v.quantity) <= kMaxAmount;
}

// A child that its parent has given nothing: it stays, once it is given something, or waits for a price.
bool may_await(const OrderRecord& order, const SpecialView* special, const Instruments& instruments) noexcept {
  const OrderView& v = order.view;
  if (waits_for_price(v.type)) return may_wait(order, special, instruments);
  const bool rests = v.type == OrderType::kLimit || v.type == OrderType::kPegged;
  if (!rests || !may_rest(v.time_in_force) || is_for_auction(v.time_in_force)) return false;
  if (special->has_trigger_price || order.instrument >= instruments.size()) return false;
  const Instrument& instrument = instruments[order.instrument];
  return v.cum_quantity == 0 && v.prevented_quantity == 0 && v.price == order.hold_price &&
         instrument.is_price(v.price) && v.price % instrument.tick == 0;
}

// What it may get can be held.
bool may_be_promised(const OrderRecord& order, std::int64_t promised, const Instruments& instruments) noexcept {
  if (promised < -kMaxAmount || promised > kMaxAmount || order.instrument >= instruments.size()) return false;
  const Instrument& instrument = instruments[order.instrument];
  const std::int64_t most = order.view.leaves_quantity + promised;
  return most >= 0 && most <= std::min(kMaxQuantity, kMaxAmount / instrument.base_factor) &&
         instrument.notional(order.hold_price, most) <= kMaxAmount;
}

// It says when it expires exactly if its time in force needs that.
bool expires_as_it_says(const OrderRecord& order, const SpecialView* special) noexcept {
  const std::int64_t expire_time_ns = special == nullptr ? 0 : special->expire_time_ns;
  if (!expires_at_time(order.view.time_in_force)) return expire_time_ns == 0;
  return expire_time_ns > 0 && expire_time_ns <= kMaxTimeNs;
}

// It is pegged exactly if it says to what, and stands nowhere beyond its limit.
bool is_pegged_as_it_says(const OrderRecord& order, const SpecialView* special) noexcept {
  const OrderView& v = order.view;
  if (v.type != OrderType::kPegged) {
    return special == nullptr || (special->peg_reference == PegReference::kNone && special->peg_offset_ticks == 0);
  }
  if (special == nullptr || special->peg_reference == PegReference::kNone || is_for_auction(v.time_in_force)) return false;
  if (!special->has_working_price) return true;
  return v.side == Side::kBuy ? special->working_price <= v.price : special->working_price >= v.price;
}

// It shows some of it exactly if it is to show no more, under a number that was given.
bool shows_as_it_says(const OrderRecord& order, const SpecialView* special, std::uint64_t last_id) noexcept {
  const OrderView& v = order.view;
  if (special == nullptr) return true;
  if (special->display_quantity == 0) return special->displayed_quantity == 0 && special->slice_id == 0;
  const std::int64_t most = std::min(special->display_quantity, v.leaves_quantity);
  return v.type == OrderType::kLimit && special->display_quantity > 0 && special->displayed_quantity > 0 &&
         special->displayed_quantity <= most && special->slice_id >= v.order_id && special->slice_id <= last_id;
}

// An open order is good to rest: on the grid of its instrument, a limit, or a MARKET order for an auction.
bool may_be_open(const OrderRecord& order, const SpecialView* special, bool awaits,
                 const Instruments& instruments) noexcept {
  const OrderView& v = order.view;
  if (!expires_as_it_says(order, special)) return false;
  if (awaits) return order.is_untriggered() && may_await(order, special, instruments);
  if (order.is_untriggered()) return may_wait(order, special, instruments);
  const bool rests = has_limit(v.type) ? may_rest(v.time_in_force) && v.price == order.hold_price
                                       : v.type == OrderType::kMarket && is_for_auction(v.time_in_force) &&
                                             v.price == 0 && !v.has_budget();
  const std::int64_t price = order.hold_price;
  if (!rests || order.instrument >= instruments.size()) return false;
  const Instrument& instrument = instruments[order.instrument];
  return instrument.is_price(price) && price % instrument.tick == 0 && v.quantity <= kMaxAmount / instrument.base_factor &&
         instrument.notional(price, v.quantity) <= kMaxAmount;
}

}  // namespace

Orders::Orders(const Limits& limits, std::uint8_t shard)
    : orders_(limits.orders),
      specials_(limits.special_orders),
      links_(limits.orders),
      by_id_(limits.orders),
      by_account_(limits.accounts),
      first_id_(std::uint64_t{shard} << 56) {}

Slot Orders::enter() noexcept {
  const Slot slot = orders_.take();
  const std::uint64_t order_id = first_id_ + ++entered_;
  orders_[slot].view.order_id = order_id;
  by_id_.insert(order_id, slot, numbers());
  return slot;
}

void Orders::dereference(Slot slot) noexcept {
  OrderRecord& order = orders_[slot];
  assert(order.references > 0);
  if (--order.references == 0) forget(slot);
}

void Orders::forget(Slot slot) noexcept {
  OrderRecord& order = orders_[slot];
  assert(!order.is_resting() && order.references == 0);
  by_id_.erase(order.view.order_id, slot);
  if (order.special != kNil) specials_.give_back(order.special);
  order.view.order_id = 0;
  orders_.give_back(slot);
}

void Orders::rest(Slot slot, Slot book_slot, Account& account) noexcept {
  OrderRecord& order = orders_[slot];
  assert(order.view.leaves_quantity > 0);
  if (std::exchange(order.book_slot, book_slot) != kNil) return;
  by_age_.push_back(slot, age_links());
  by_account_[order.account].push_back(slot, account_links());
  ++account.open_orders;
}

void Orders::leave_book(Slot slot, Account& account) noexcept {
  OrderRecord& order = orders_[slot];
  assert(order.is_resting() && account.open_orders > 0);
  order.book_slot = kNil;
  by_age_.erase(slot, age_links());
  by_account_[order.account].erase(slot, account_links());
  --account.open_orders;
}

void Orders::prefetch_slot(Slot slot) const noexcept {
  const auto* record = static_cast<const char*>(orders_.place(slot));
  for (std::size_t line = 0; line < sizeof(OrderRecord); line += 64) __builtin_prefetch(record + line, 1);
}

void Orders::prefetch_neighbours(Slot slot) const noexcept {
  const OpenLinks& links = links_[slot];
  for (const Slot near : {links.by_age.previous, links.by_age.next, links.by_account.previous, links.by_account.next}) {
    if (near != kNil) __builtin_prefetch(&links_[near], 1);
  }
}

void Orders::collect_open(Slot account, std::vector<Slot>& out) const {
  for (Slot at = by_account_[account].front(); at != kNil; at = links_[at].by_account.next) out.push_back(at);
}

bool Orders::has_open(Slot instrument) const noexcept {
  for (Slot at = by_age_.front(); at != kNil; at = links_[at].by_age.next) {
    if (orders_[at].instrument == instrument) return true;
  }
  return false;
}

bool Orders::all_remembered() const noexcept {
  for (Slot slot = 0; slot < orders_.end_slot(); ++slot) {
    const OrderRecord& order = orders_[slot];
    const bool remembered = order.references > 0 && (order.view.leaves_quantity == 0 || order.id_entry != kNil);
    if (order.view.order_id != 0 && !remembered) return false;
  }
  return true;
}

std::vector<Slot> Orders::sorted() const {
  std::vector<Slot> slots;
  slots.reserve(orders_.size());
  for (Slot slot = 0; slot < orders_.end_slot(); ++slot) {
    if (orders_[slot].view.order_id != 0) slots.push_back(slot);
  }
  std::ranges::sort(slots, {}, [&](Slot slot) { return orders_[slot].view.order_id; });
  return slots;
}

void Orders::save(StateWriter& out) const {
  out.put(entered_, orders_.size());
  for (const Slot slot : sorted()) {
    const OrderRecord& o = orders_[slot];
    const OrderView& v = o.view;
    out.put(v.order_id, v.price, v.quantity, v.leaves_quantity, v.cum_quantity, v.cum_notional, v.cum_fee,
            v.updated_time_ns, v.prevented_quantity, v.cancelled_quantity, v.accepted_time_ns, v.quote_budget,
            v.session_id, v.instrument_id, v.version, v.status, v.end_reason, v.reject_reason, v.side, v.type, v.time_in_force,
            v.self_trade_prevention, v.post_only);
    out.put_text(v.client_order_id.view());
    out.put(o.hold_price, o.held, o.maker_notional, o.account, o.instrument, o.taker_fee_ppm, o.maker_fee_ppm);
    specials_.save(out, o.special);
  }
}

bool Orders::load(StateReader& in, const Balances& balances, const Positions& positions,
                  const Instruments& instruments) {
  std::uint64_t entered = 0;
  in.get(entered);
  in.require(entered < std::uint64_t{1} << 56);
  const std::uint32_t count = in.get_count(orders_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    in.require(load_order(in, balances, positions, instruments, first_id_ + entered));
  }
  in.require(entered >= entered_);
  entered_ = entered;
  return in.ok();
}

// Only a child that trails has another turn than its number's: a later one, that was given.
bool Orders::may_trail_from(const OrderRecord& order, std::uint64_t last_id) const noexcept {
  const std::uint64_t turn = order.special == kNil ? 0 : specials_[order.special].trail_turn;
  return turn == 0 || (order.view.type == OrderType::kTrailingStop && special_view(order)->parent_order_id != 0 &&
                       turn > order.view.order_id && turn <= last_id);
}

bool Orders::load_order(StateReader& in, const Balances& balances, const Positions& positions,
                        const Instruments& instruments, std::uint64_t last_id) {
  OrderRecord o;
  OrderView& v = o.view;
  in.get(v.order_id, v.price, v.quantity, v.leaves_quantity, v.cum_quantity, v.cum_notional, v.cum_fee,
         v.updated_time_ns, v.prevented_quantity, v.cancelled_quantity, v.accepted_time_ns, v.quote_budget,
         v.session_id, v.instrument_id, v.version, v.status, v.end_reason, v.reject_reason, v.side, v.type, v.time_in_force,
         v.self_trade_prevention, v.post_only);
  in.get_text(v.client_order_id);
  in.get(o.hold_price, o.held, o.maker_notional, o.account, o.instrument, o.taker_fee_ppm, o.maker_fee_ppm);
  in.require(v.order_id > first_id_ + entered_ && v.order_id - first_id_ < std::uint64_t{1} << 56);
  in.require(o.account < balances.accounts() && is_whole(v) && has_known_terms(o));
  in.require(o.instrument < instruments.size() || v.status == OrderStatus::kRejected);
  in.require(v.accepted_time_ns >= 0 && v.accepted_time_ns <= kMaxTimeNs);
  o.special = specials_.load(in);
  in.require(in.ok() && adds_up(o));
  in.require(v.leaves_quantity == 0 || may_be_open(o, special_view(o), awaits_parent(o), instruments));
  in.require(v.leaves_quantity == 0 || may_trail_from(o, last_id));
  in.require(v.leaves_quantity == 0 || (v.quantity <= kMaxQuantity && may_be_promised(o, promised(o), instruments)));
  in.require(v.leaves_quantity == 0 || shows_as_it_says(o, special_view(o), last_id));
  in.require(v.leaves_quantity == 0 || is_pegged_as_it_says(o, special_view(o)));
  if (!in.ok()) return false;
  entered_ = v.order_id - first_id_;
  v.account_id = balances.account(o.account).account_id;
  const bool on_margin = o.instrument < instruments.size() && instruments[o.instrument].on_margin;
  if (on_margin) {
    o.base_balance = positions.find(o.account, o.instrument);
  } else if (o.instrument < instruments.size()) {
    o.base_balance = balances.find(o.account, instruments[o.instrument].base);
    o.quote_balance = balances.find(o.account, instruments[o.instrument].quote);
  }
  const bool is_backed = o.base_balance != kNil && (on_margin || o.quote_balance != kNil);
  in.require(is_backed || v.leaves_quantity == 0);
  in.require(!on_margin || !v.has_budget() || v.leaves_quantity == 0);
  if (!in.ok()) return false;
  const Slot slot = orders_.take();
  orders_[slot] = o;
  by_id_.insert(v.order_id, slot, numbers());
  return true;
}

}  // namespace exchange::engine
