#include "ids.hpp"

#include <algorithm>

namespace exchange::engine {
namespace {

template <class Word>
std::uint64_t word_at(const char* at) noexcept {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const UInt128 product = UInt128{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// The last bytes of a text, up to eight: of a longer one together with some that were read before.
std::uint64_t tail_of(std::string_view text) noexcept {
  const char* const first = text.data();
  const std::size_t size = text.size();
  if (size >= 8) return word_at<std::uint64_t>(first + size - 8);
  if (size >= 4) return word_at<std::uint32_t>(first) << 32U | word_at<std::uint32_t>(first + size - 4);
  if (size == 0) return 0;
  return word_at<std::uint8_t>(first) << 16U | word_at<std::uint8_t>(first + size / 2) << 8U |
         word_at<std::uint8_t>(first + size - 1);
}

FirstAnswer answer_of(const OrderView& v) noexcept {
  return {v.price, v.quantity, v.cum_quantity, v.cum_notional, v.cum_fee, v.prevented_quantity, v.updated_time_ns,
          v.version, v.status};
}

}  // namespace

IdWindow::IdWindow(const Limits& limits, Balances& balances, Orders& orders)
    : balances_(balances),
      orders_(orders),
      ids_per_account_(limits.ids_per_account),
      id_window_ns_(limits.id_window_ns),
      hash_keys_{mix(limits.id_hash_key + 1), mix(mix(limits.id_hash_key + 1) + 1)},
      entries_(limits.ids),
      request_ids_(limits.ids),
      first_(limits.ids),
      links_(limits.ids),
      by_id_(limits.ids) {}

Slot IdWindow::find(Slot account, std::string_view id, std::int64_t now_ns) const noexcept {
  const Slot slot = find_kept(account, id);
  if (slot == kNil) return kNil;
  const IdEntry& entry = entries_[slot];
  return is_open(entry) || now_ns - entry.used_ns <= id_window_ns_ ? slot : kNil;
}

Slot IdWindow::find_kept(Slot account, std::string_view id) const noexcept {
  return find_kept(account, id, tag_of(account, id));
}

Slot IdWindow::find_kept(Slot account, std::string_view id, std::uint32_t tag) const noexcept {
  return by_id_.find(tag, [&](Slot slot) { return entries_[slot].account == account && id_of(slot) == id; });
}

void IdWindow::remember(IdEntry entry, std::string_view id) noexcept {
  entry.tag = tag_of(entry.account, id);
  const Slot outdated = find_kept(entry.account, id, entry.tag);
  const Slot slot = enter(entry);
  if (entry.kind != CommandKind::kPlaceOrder) request_ids_[slot] = ClientId(id);
  if (entry.order != kNil) keep_first(entries_[slot], answer_of(orders_[entry.order].view));
  if (outdated != kNil) drop(outdated);  // last: nothing else may keep the order that both refer to
}

void IdWindow::remember_new(const IdEntry& entry) noexcept {
  keep_first(entries_[enter(entry)], answer_of(orders_[entry.order].view));
}

void IdWindow::keep_first(IdEntry& entry, const FirstAnswer& answer) noexcept {
  if (!is_active(answer.status)) return;
  entry.set_first(FirstState::kAsEntered);
  entry.first_price = answer.price;
  entry.first_quantity = answer.quantity;
  if (first_of(entry) == answer) [[likely]] return;
  const Slot kept = first_.take();
  first_[kept] = answer;
  entry.set_first(FirstState::kKept);
  entry.first_quantity = kept;
}

FirstAnswer IdWindow::first_of(const IdEntry& entry) const noexcept {
  if (entry.first() == FirstState::kKept) return first_[static_cast<Slot>(entry.first_quantity)];
  if (entry.first() == FirstState::kEnded) return answer_of(orders_[entry.order].view);
  return {.price = entry.first_price,
          .quantity = entry.first_quantity,
          .updated_time_ns = entry.used_ns,
          .version = 1,
          .status = OrderStatus::kNew};
}

OrderView IdWindow::first_view(Slot slot) const noexcept {
  OrderView view = orders_[entries_[slot].order].view;
  if (entries_[slot].first() == FirstState::kEnded) return view;
  const FirstAnswer first = first_of(entries_[slot]);
  view.price = first.price;
  view.quantity = first.quantity;
  view.cum_quantity = first.cum_quantity;
  view.cum_notional = first.cum_notional;
  view.cum_fee = first.cum_fee;
  view.prevented_quantity = first.prevented_quantity;
  view.leaves_quantity = first.quantity - first.cum_quantity - first.prevented_quantity;
  view.cancelled_quantity = 0;
  view.updated_time_ns = first.updated_time_ns;
  view.version = first.version;
  view.status = first.status;
  view.end_reason = EndReason::kNone;
  return view;
}

Slot IdWindow::enter(const IdEntry& entry) noexcept {
  const Slot slot = entries_.take();
  entries_[slot] = entry;
  by_id_.insert(entry.tag, slot);
  if (!entry.is_pinned() && window_.front() == kNil) oldest_ns_ = entry.since_ns;
  (entry.is_pinned() ? pinned_ : window_).push_back(slot, links());
  if (entry.order != kNil) ++orders_[entry.order].references;
  if (entry.kind == CommandKind::kPlaceOrder) {
    orders_[entry.order].id_entry = slot;
    orders_[entry.order].id_is_pinned = entry.is_pinned();
  }
  ++balances_.account(entry.account).ids;
  return slot;
}

void IdWindow::unpin(OrderRecord& order, std::int64_t now_ns) noexcept {
  if (!order.id_is_pinned) return;
  order.id_is_pinned = false;
  IdEntry& entry = entries_[order.id_entry];
  pinned_.erase(order.id_entry, links());
  entry.pin(false);
  entry.since_ns = now_ns;
  if (window_.front() == kNil) oldest_ns_ = now_ns;
  window_.push_back(order.id_entry, links());
}

void IdWindow::drop_old(std::int64_t now_ns) noexcept {
  for (int drops = 0; drops < kMaxDropsPerCommand; ++drops) {
    const Slot oldest = window_.front();
    oldest_ns_ = oldest == kNil ? kNever : entries_[oldest].since_ns;
    if (oldest == kNil || now_ns - oldest_ns_ <= id_window_ns_) return;
    is_open(entries_[oldest]) ? pin(oldest) : drop(oldest);
    scout();
  }
  oldest_ns_ = window_.front() == kNil ? kNever : entries_[window_.front()].since_ns;
}

void IdWindow::pin(Slot slot) noexcept {
  IdEntry& entry = entries_[slot];
  window_.erase(slot, links());
  entry.pin(true);
  orders_[entry.order].id_is_pinned = true;
  pinned_.push_back(slot, links());
}

// After the front of the window left: the far scout finds entries, the near one what hangs on them.
void IdWindow::scout() noexcept {
  for (const Slot slot : far_.advance(window_.front(), links_)) {
    __builtin_prefetch(entries_.place(slot), 1);
  }
  for (const Slot slot : near_.advance(window_.front(), links_)) {
    by_id_.prefetch(entries_[slot].tag);
    if (entries_[slot].order != kNil) orders_.prefetch_slot(entries_[slot].order);
  }
}

void IdWindow::drop(Slot slot) noexcept {
  const IdEntry& entry = entries_[slot];
  assert(!is_open(entry));
  far_.forget(slot);
  near_.forget(slot);
  by_id_.erase(entry.tag, slot);
  (entry.is_pinned() ? pinned_ : window_).erase(slot, links());
  if (entry.order != kNil) orders_.dereference(entry.order);
  --balances_.account(entry.account).ids;
  if (entry.first() == FirstState::kKept) first_.give_back(static_cast<Slot>(entry.first_quantity));
  entries_.give_back(slot);
}

bool IdWindow::is_open(const IdEntry& entry) const noexcept {
  return entry.kind == CommandKind::kPlaceOrder && orders_[entry.order].view.leaves_quantity > 0;
}

// Words are folded into a hash by the two halves of a product whose factors both hide a key.
std::uint32_t IdWindow::tag_of(Slot account, std::string_view id) const noexcept {
  std::uint64_t hash = hash_keys_[0] ^ (account + (std::uint64_t{id.size()} << 32));
  const char* at = id.data();
  const char* const last = at + id.size() - 8;
  for (; at < last; at += 8) hash = fold(hash, hash_keys_[1] ^ word_at<std::uint64_t>(at));
  return static_cast<std::uint32_t>(fold(hash, hash_keys_[1] ^ tail_of(id)));
}

void IdWindow::save(StateWriter& out) const {
  out.put(entries_.size());
  save_list(out, pinned_);
  save_list(out, window_);
}

void IdWindow::save_list(StateWriter& out, const List& list) const {
  std::uint32_t count = 0;
  for (Slot at = list.front(); at != kNil; at = links_[at].next) ++count;
  out.put(count);
  for (Slot at = list.front(); at != kNil; at = links_[at].next) {
    const IdEntry& e = entries_[at];
    out.put(e.fingerprint, e.engine_seq, e.used_ns, e.since_ns, e.account, e.reason, e.kind,
            e.order == kNil ? std::uint64_t{0} : orders_[e.order].view.order_id);
    out.put_text(id_of(at));
    if (e.kind == CommandKind::kMassCancel) out.put(e.first_quantity);
    if (e.order == kNil) continue;
    const FirstAnswer f = first_of(e);
    out.put(f.price, f.quantity, f.cum_quantity, f.cum_notional, f.cum_fee, f.prevented_quantity, f.updated_time_ns,
            f.version, f.status);
  }
}

bool IdWindow::load(StateReader& in) {
  const std::uint32_t count = in.get_count(entries_.room());
  in.require(load_list(in, true) && load_list(in, false) && entries_.size() == count);
  in.require(orders_.all_remembered());
  return in.ok();
}

// May the entry of a saved state refer to its order?
bool IdWindow::owns(const IdEntry& entry, std::string_view id) const noexcept {
  const OrderRecord& order = orders_[entry.order];
  if (order.account != entry.account) return false;
  if (entry.kind != CommandKind::kPlaceOrder) return true;
  return order.id_entry == kNil && order.view.client_order_id.view() == id;
}

bool IdWindow::load_list(StateReader& in, bool pinned) {
  const std::uint32_t count = in.get_count(entries_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    IdEntry e;
    std::uint64_t order_id = 0;
    in.get(e.fingerprint, e.engine_seq, e.used_ns, e.since_ns, e.account, e.reason, e.kind, order_id);
    ClientId id;
    in.get_text(id);
    e.order = orders_.find(order_id);
    e.pin(pinned);
    in.require(e.account < balances_.accounts() && e.used_ns >= 0 && e.since_ns >= e.used_ns);
    in.require(e.kind == CommandKind::kPlaceOrder || e.kind == CommandKind::kCancelOrder ||
               e.kind == CommandKind::kAmendOrder || e.kind == CommandKind::kMassCancel ||
               e.kind == CommandKind::kExerciseOption);
    in.require(e.order == kNil ? order_id == 0 && e.kind != CommandKind::kPlaceOrder : owns(e, id.view()));
    in.require(in.ok() && find_kept(e.account, id.view()) == kNil);
    if (e.kind == CommandKind::kMassCancel) in.get(e.first_quantity);
    in.require(e.order == kNil || load_first(in, e));
    if (!in.ok()) continue;
    e.tag = tag_of(e.account, id.view());
    const Slot slot = enter(e);
    if (e.kind != CommandKind::kPlaceOrder) request_ids_[slot] = id;
  }
  return in.ok();
}

// What had ended when it was answered is not open now.
bool IdWindow::load_first(StateReader& in, IdEntry& entry) noexcept {
  FirstAnswer f;
  in.get(f.price, f.quantity, f.cum_quantity, f.cum_notional, f.cum_fee, f.prevented_quantity, f.updated_time_ns,
         f.version, f.status);
  if (!in.ok() || (!is_active(f.status) && orders_[entry.order].view.leaves_quantity > 0)) return false;
  keep_first(entry, f);
  return true;
}

}  // namespace exchange::engine
