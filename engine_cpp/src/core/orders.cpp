#include "orders.hpp"

#include <algorithm>

namespace exchange::engine {
namespace {

void save_progress(StateWriter& out, const Progress& p) {
  out.put(p.quantity, p.cum_quantity, p.leaves, p.prevented, p.cancelled, p.taker_notional, p.maker_notional, p.cum_fee,
          p.updated_ns, p.version, p.status, p.end_reason);
}

// Latest engine time whose deadlines are still times.
constexpr std::int64_t kMaxTimeNs = std::int64_t{1} << 62;

bool is_amount(std::int64_t value) noexcept { return value >= 0 && value <= kMaxAmount; }

// A refused order may have named any quantity; what traded is bounded by the supply and by the limit of each order.
bool load_progress(StateReader& in, Progress& p) {
  in.get(p.quantity, p.cum_quantity, p.leaves, p.prevented, p.cancelled, p.taker_notional, p.maker_notional, p.cum_fee,
         p.updated_ns, p.version, p.status, p.end_reason);
  for (const std::int64_t value : {p.cum_quantity, p.leaves, p.prevented, p.taker_notional, p.maker_notional,
                                   p.cum_fee}) {
    in.require(is_amount(value));
  }
  in.require(p.quantity >= 0 && p.cancelled >= 0);
  in.require(is_between(p.status, OrderStatus::kNew, OrderStatus::kRejected));
  in.require(is_between(p.end_reason, EndReason::kNone, EndReason::kTooOld));
  return in.ok() && Int128{p.cum_quantity} + p.leaves + p.prevented + p.cancelled == p.quantity;
}

bool has_known_terms(const OrderRecord& order) noexcept {
  return is_between(order.side, Side::kBuy, Side::kSell) &&
         is_between(order.type, OrderType::kLimit, OrderType::kMarket) &&
         is_between(order.time_in_force, TimeInForce::kGtc, TimeInForce::kFok) &&
         is_between(order.mode, SelfTradePrevention::kCancelMaker, SelfTradePrevention::kDecrement) &&
         order.taker_fee_ppm <= kMaxFeePpm && order.maker_fee_ppm <= kMaxFeePpm && is_amount(order.held) &&
         order.quote_budget >= 0;
}

// Open exactly while its status says so, and with no fee but those of what it traded.
bool adds_up(const OrderRecord& order) noexcept {
  const Progress& now = order.now;
  const bool active = now.status == OrderStatus::kNew || now.status == OrderStatus::kPartiallyFilled;
  const std::int64_t fees =
      fee_on(now.taker_notional, order.taker_fee_ppm) + fee_on(now.maker_notional, order.maker_fee_ppm);
  return active == (now.leaves > 0) && now.cum_fee == fees;
}

// An open order is good to rest: a limit order on the grid of its instrument.
bool may_be_open(const OrderRecord& order, const Instruments& instruments) noexcept {
  if (order.type != OrderType::kLimit || order.time_in_force != TimeInForce::kGtc) return false;
  if (order.instrument >= instruments.size() || order.price <= 0 || order.price > kMaxPrice) return false;
  const Instrument& instrument = instruments[order.instrument];
  return order.price == order.hold_price && order.price % instrument.tick == 0 &&
         order.now.quantity <= instrument.max_quantity &&
         instrument.notional(order.price, order.now.quantity) <= kMaxAmount;
}

}  // namespace

Orders::Orders(const Limits& limits, std::uint8_t shard)
    : orders_(limits.orders),
      by_id_(limits.orders),
      by_account_(limits.accounts),
      first_id_(std::uint64_t{shard} << 56) {}

Slot Orders::enter() noexcept {
  const Slot slot = orders_.take();
  orders_[slot].order_id = first_id_ + ++entered_;
  by_id_.insert(orders_, orders_[slot].order_id, slot);
  return slot;
}

void Orders::dereference(Slot slot) noexcept {
  OrderRecord& order = orders_[slot];
  assert(order.references > 0);
  if (--order.references > 0) return;
  assert(!order.is_resting());
  by_id_.erase(orders_, order.order_id, slot);
  orders_.give_back(slot);
}

void Orders::rest(Slot slot, Slot book_slot, Account& account) noexcept {
  OrderRecord& order = orders_[slot];
  assert(!order.is_resting() && order.now.leaves > 0);
  order.book_slot = book_slot;
  by_age_.push_back(orders_, slot);
  by_account_[order.account].push_back(orders_, slot);
  ++account.open_orders;
}

void Orders::leave_book(Slot slot, Account& account) noexcept {
  OrderRecord& order = orders_[slot];
  assert(order.is_resting() && account.open_orders > 0);
  order.book_slot = kNil;
  by_age_.erase(orders_, slot);
  by_account_[order.account].erase(orders_, slot);
  --account.open_orders;
}

// Numbers are dense, so the number itself spreads over the buckets without a hash.
Slot Orders::find(std::uint64_t order_id) const noexcept {
  if (order_id == 0) return kNil;
  return by_id_.find(orders_, order_id, [&](const OrderRecord& order) { return order.order_id == order_id; });
}

void Orders::collect_open(Slot account, std::vector<Slot>& out) const {
  const auto& open = by_account_[account];
  for (Slot at = open.front(); at != kNil; at = open.next(orders_, at)) out.push_back(at);
}

bool Orders::all_remembered() const noexcept {
  for (Slot slot = 0; slot < orders_.end_slot(); ++slot) {
    const OrderRecord& order = orders_[slot];
    const bool remembered = order.references > 0 && (order.now.leaves == 0 || order.id_entry != kNil);
    if (order.order_id != 0 && !remembered) return false;
  }
  return true;
}

std::vector<Slot> Orders::sorted() const {
  std::vector<Slot> slots;
  slots.reserve(orders_.size());
  for (Slot slot = 0; slot < orders_.end_slot(); ++slot) {
    if (orders_[slot].order_id != 0) slots.push_back(slot);
  }
  std::ranges::sort(slots, {}, [&](Slot slot) { return orders_[slot].order_id; });
  return slots;
}

void Orders::save(StateWriter& out) const {
  out.put(entered_, orders_.size());
  for (const Slot slot : sorted()) {
    const OrderRecord& o = orders_[slot];
    out.put(o.order_id, o.price, o.hold_price, o.quote_budget, o.accepted_ns, o.held, o.account, o.instrument,
            o.instrument_id, o.taker_fee_ppm, o.maker_fee_ppm, o.reject_reason, o.side, o.type, o.time_in_force, o.mode,
            o.post_only);
    out.put_text(o.client_order_id.view());
    save_progress(out, o.now);
    save_progress(out, o.first);
  }
}

bool Orders::load(StateReader& in, std::uint32_t accounts, const Instruments& instruments) {
  std::uint64_t entered = 0;
  in.get(entered);
  in.require(entered < std::uint64_t{1} << 56);
  const std::uint32_t count = in.get_count(orders_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) in.require(load_order(in, accounts, instruments));
  in.require(entered >= entered_);
  entered_ = entered;
  return in.ok();
}

bool Orders::load_order(StateReader& in, std::uint32_t accounts, const Instruments& instruments) {
  OrderRecord o;
  in.get(o.order_id, o.price, o.hold_price, o.quote_budget, o.accepted_ns, o.held, o.account, o.instrument,
         o.instrument_id, o.taker_fee_ppm, o.maker_fee_ppm, o.reject_reason, o.side, o.type, o.time_in_force, o.mode,
         o.post_only);
  in.get_text(o.client_order_id);
  in.require(load_progress(in, o.now) && load_progress(in, o.first));
  in.require(o.order_id > first_id_ + entered_ && o.order_id - first_id_ < std::uint64_t{1} << 56);
  in.require(o.account < accounts && has_known_terms(o));
  in.require(o.instrument < instruments.size() || o.now.status == OrderStatus::kRejected);
  in.require(o.accepted_ns >= 0 && o.accepted_ns <= kMaxTimeNs);
  in.require(in.ok() && adds_up(o) && (o.now.leaves == 0 || may_be_open(o, instruments)));
  if (!in.ok()) return false;
  entered_ = o.order_id - first_id_;
  const Slot slot = orders_.take();
  orders_[slot] = o;
  by_id_.insert(orders_, o.order_id, slot);
  return true;
}

}  // namespace exchange::engine
