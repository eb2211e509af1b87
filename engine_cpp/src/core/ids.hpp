// The idempotency window: which ids each account has used, for what, and what the first answer was.
//
// Invariants:
//   1. An id is remembered while its order is open and until `id_window_ns` after the command that used it; within that
//      time it is never dropped. Later it counts as unused, whether its entry is still kept or not.
//   2. `window_` holds entries in order of `since_ns`; `pinned_` holds entries that outgrew it while their order was
//      open. When such an order ends its entry joins the window again, so that its end can still be asked for.
//   3. Each command drops at most kMaxDropsPerCommand entries, so no command pays for the silence before it.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "balances.hpp"
#include "orders.hpp"

namespace exchange::engine {

// What is kept of an order's first answer: nothing if it had ended, for it did not change after; its price and quantity
// if it was as it entered; else all of it.
enum class FirstState : std::uint8_t { kEnded, kAsEntered, kKept };

// One line of memory. The id itself is kept with its order, or, of a request, beside.
struct alignas(64) IdEntry {
  std::uint64_t fingerprint = 0;
  std::uint64_t engine_seq = 0;  // of the first answer
  std::int64_t used_ns = 0;      // engine time of the command that used it
  std::int64_t since_ns = 0;     // engine time at which it joined the window
  std::int64_t first_price = 0;  // of the first answer
  std::int64_t first_quantity = 0;  // of a mass cancel, how many orders it cancelled; if the answer is kept, where
  Slot account = kNil;
  Slot order = kNil;  // the order entered, or the one that a request found; kNil if it found none
  std::uint32_t tag = 0;  // of the id, in the table
  Reason reason = Reason::kNone;
  CommandKind kind{};
  std::uint8_t marks = 0;  // the next two

  [[nodiscard]] bool is_pinned() const noexcept { return (marks & kPinned) != 0; }
  void pin(bool pinned) noexcept { marks = static_cast<std::uint8_t>(pinned ? marks | kPinned : marks & ~kPinned); }
  [[nodiscard]] FirstState first() const noexcept { return static_cast<FirstState>(marks & ~kPinned); }
  void set_first(FirstState first) noexcept {
    marks = static_cast<std::uint8_t>((marks & kPinned) | static_cast<std::uint8_t>(first));
  }

  static constexpr std::uint8_t kPinned = 0x80;
};
static_assert(sizeof(IdEntry) == 64);

// Where an order stood when a request about it was answered first. What else that answer said follows from it: nothing
// was cancelled of an order that was open then. Special terms are shown as they stand.
struct FirstAnswer {
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t cum_quantity = 0;
  std::int64_t cum_notional = 0;
  std::int64_t cum_fee = 0;
  std::int64_t prevented_quantity = 0;
  std::int64_t updated_time_ns = 0;
  std::uint32_t version = 0;
  OrderStatus status{};

  bool operator==(const FirstAnswer&) const = default;
};

// Walks a list some places ahead of its front. What it says is a hint: entries may leave without its knowing.
class Scout {
 public:
  explicit Scout(int lead) noexcept : lead_(lead) {}

  // The front left: answers the slots that the scout comes to now.
  [[nodiscard]] std::span<const Slot> advance(Slot front, const FlatArray<Links>& links) noexcept {
    if (--ahead_ <= 0 || at_ == kNil) {
      at_ = front;
      ahead_ = 0;
    }
    std::size_t steps = 0;
    while (steps < steps_.size() && ahead_ < lead_ && at_ != kNil && links[at_].next != kNil) {
      steps_[steps++] = at_ = links[at_].next;
      ++ahead_;
    }
    return std::span(steps_).first(steps);
  }
  void forget(Slot slot) noexcept {
    if (slot == at_) at_ = kNil;
  }

 private:
  int lead_;
  int ahead_ = 0;
  Slot at_ = kNil;
  std::array<Slot, 2> steps_{};
};

class IdWindow {
 public:
  static constexpr int kMaxDropsPerCommand = 2;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  IdWindow(const Limits& limits, Balances& balances, Orders& orders);

  // The entry of an id that is remembered at `now_ns`, or kNil.
  [[nodiscard]] Slot find(Slot account, std::string_view id, std::int64_t now_ns) const noexcept;
  // The entry kept of an id, remembered or not, or kNil.
  [[nodiscard]] Slot find_kept(Slot account, std::string_view id) const noexcept;
  [[nodiscard]] bool is_full(Slot account) const noexcept {
    return balances_.account(account).ids >= ids_per_account_;
  }
  [[nodiscard]] bool has_room(std::uint32_t ids = 1) const noexcept { return entries_.room() >= ids; }
  [[nodiscard]] const IdEntry& operator[](Slot slot) const noexcept { return entries_[slot]; }
  // The order of an entry as the first answer showed it.
  [[nodiscard]] OrderView first_view(Slot slot) const noexcept;
  // How many orders a mass cancel took out, by its first answer.
  [[nodiscard]] std::uint32_t cancelled(Slot slot) const noexcept {
    const IdEntry& entry = entries_[slot];
    return entry.kind == CommandKind::kMassCancel ? static_cast<std::uint32_t>(entry.first_quantity) : 0;
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return entries_.size(); }

  // Remembers an id, in place of one kept but no longer remembered. Needs room for one. A new order's id is its own.
  void remember(IdEntry entry, std::string_view id) noexcept;
  // The same of a new order whose id, with this tag, is not kept.
  void remember_new(const IdEntry& entry) noexcept;
  [[nodiscard]] std::uint32_t tag_of(Slot account, std::string_view id) const noexcept;
  [[nodiscard]] Slot find_kept(Slot account, std::string_view id, std::uint32_t tag) const noexcept;
  // An order ended: its id leaves the pinned ones.
  void unpin(OrderRecord& order, std::int64_t now_ns) noexcept;
  // Drops what is older than the window.
  void advance(std::int64_t now_ns) noexcept {
    if (oldest_ns_ < now_ns - id_window_ns_) drop_old(now_ns);
  }
  // Where a new id will be looked for, and an entry that one will get soon.
  void prefetch(Slot account, std::string_view id) const noexcept {
    by_id_.prefetch(tag_of(account, id));
    if (const Slot slot = entries_.soon(); slot != kNil) __builtin_prefetch(entries_.place(slot), 1);
  }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in);

 private:
  [[nodiscard]] auto links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot]; };
  }
  void drop_old(std::int64_t now_ns) noexcept;
  void pin(Slot slot) noexcept;
  void scout() noexcept;
  [[nodiscard]] bool is_open(const IdEntry& entry) const noexcept;
  Slot enter(const IdEntry& entry) noexcept;
  [[nodiscard]] std::string_view id_of(Slot slot) const noexcept {
    const IdEntry& entry = entries_[slot];
    const bool is_order = entry.kind == CommandKind::kPlaceOrder;
    return (is_order ? orders_[entry.order].view.client_order_id : request_ids_[slot]).view();
  }
  // The first answer about the entry's order.
  void keep_first(IdEntry& entry, const FirstAnswer& answer) noexcept;
  [[nodiscard]] FirstAnswer first_of(const IdEntry& entry) const noexcept;
  void drop(Slot slot) noexcept;
  void save_list(StateWriter& out, const List& list) const;
  [[nodiscard]] bool load_list(StateReader& in, bool pinned);
  [[nodiscard]] bool owns(const IdEntry& entry, std::string_view id) const noexcept;
  [[nodiscard]] bool load_first(StateReader& in, IdEntry& entry) noexcept;

  Balances& balances_;
  Orders& orders_;
  std::uint32_t ids_per_account_;
  std::int64_t id_window_ns_;
  std::array<std::uint64_t, 2> hash_keys_;
  Pool<IdEntry, Reuse::kOldest> entries_;
  FlatArray<ClientId> request_ids_;
  Pool<FirstAnswer> first_;
  FlatArray<Links> links_;
  SlotTable by_id_;
  List window_;
  List pinned_;
  Scout far_{24};
  Scout near_{12};
  std::int64_t oldest_ns_ = kNever;  // `since_ns` of the first in the window
};

}  // namespace exchange::engine
