// Orders as their owners know them: the terms, what became of them, what is reserved for them.
//
// Invariants:
//   1. quantity = cum + leaves + prevented + cancelled at all times. A terminal status never changes.
//   2. `version` grows by one at each change.
//   3. An order is kept while it is open and while an id of the window refers to it. Numbers rise in order of entry.
//   4. Open orders are in two lists, both in order of entry: all of them (for age), and those of one account.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "balances.hpp"
#include "instruments.hpp"
#include "order_table.hpp"
#include "positions.hpp"
#include "special.hpp"
#include "views.hpp"

namespace exchange::engine {

// In place of a handle of a book: the order is open, but stands nowhere. A pegged one has no price, a child no fill of
// its parent.
inline constexpr Slot kOffBook = kNil - 1;

struct alignas(64) OrderRecord {
  OrderView view;              // with order number 0: not an order
  std::int64_t hold_price = 0;  // worst price it may trade at
  std::int64_t held = 0;        // reserved for it, of the asset it gives
  std::int64_t maker_notional = 0;
  Slot account = kNil;
  Slot instrument = kNil;  // kNil if the order was refused for naming none
  Slot book_slot = kNil;   // kNil unless it rests; while it waits for its trigger, the trigger's
  Slot id_entry = kNil;    // of the window, that remembers its client order id
  Slot base_balance = kNil;   // on margin: the position
  Slot quote_balance = kNil;  // on margin: none
  Slot special = kNil;  // kNil if it says nothing that only some orders say
  std::uint32_t references = 0;  // ids of the window, and children, that refer to it
  std::int32_t taker_fee_ppm = 0;
  std::int32_t maker_fee_ppm = 0;
  bool id_is_pinned = false;

  [[nodiscard]] bool has_budget() const noexcept { return view.has_budget(); }
  // Does it outlive its command, in the book or waiting for its trigger?
  [[nodiscard]] bool is_resting() const noexcept { return book_slot != kNil; }
  // A MARKET order that waits for an uncross, where the public book does not show it.
  [[nodiscard]] bool waits() const noexcept { return view.type == OrderType::kMarket; }
  [[nodiscard]] bool is_off_book() const noexcept { return book_slot == kOffBook; }
  // Of an order that was accepted: is it backed by margin, and not by what it gives?
  [[nodiscard]] bool is_on_margin() const noexcept { return quote_balance == kNil; }
  [[nodiscard]] Slot position() const noexcept { return base_balance; }
  // A limit that rests, and says nothing that only some orders say.
  [[nodiscard]] bool is_plain() const noexcept {
    return special == kNil && is_resting() && view.type == OrderType::kLimit;
  }
  [[nodiscard]] bool is_untriggered() const noexcept { return view.status == OrderStatus::kUntriggered; }
  // Does it wait for a price, and for no parent?
  [[nodiscard]] bool has_trigger() const noexcept { return is_untriggered() && !is_off_book(); }
  [[nodiscard]] std::int64_t taker_notional() const noexcept { return view.cum_notional - maker_notional; }
  [[nodiscard]] std::int32_t max_fee_ppm() const noexcept { return std::max(taker_fee_ppm, maker_fee_ppm); }
};
static_assert(sizeof(OrderRecord) == 256);

class Orders {
 public:
  Orders(const Limits& limits, std::uint8_t shard);

  // Takes a record with the next number; needs room for one.
  [[nodiscard]] Slot enter() noexcept;
  // Forgets the order if nothing refers to it.
  void dereference(Slot slot) noexcept;
  // Forgets an order that has ended and that no id refers to.
  void forget(Slot slot) noexcept;

  [[nodiscard]] Specials& specials() noexcept { return specials_; }
  [[nodiscard]] const Specials& specials() const noexcept { return specials_; }
  // Price at which the order stands in the book.
  [[nodiscard]] std::int64_t book_price(const OrderRecord& order) const noexcept {
    const SpecialView* const special = special_view(order);
    return special != nullptr && special->has_working_price ? special->working_price : order.hold_price;
  }
  // What the order says beyond the plain ones, or null.
  [[nodiscard]] const SpecialView* special_view(const OrderRecord& order) const noexcept {
    return order.special == kNil ? nullptr : &specials_[order.special].view;
  }

  // Does it wait for the first fill of its parent? What its hold is for beyond what is open of it.
  [[nodiscard]] bool awaits_parent(const OrderRecord& order) const noexcept {
    return order.special != kNil && specials_[order.special].awaits;
  }
  [[nodiscard]] std::int64_t promised(const OrderRecord& order) const noexcept {
    return order.special == kNil ? 0 : specials_[order.special].promised;
  }

  // One more, or one less, that needs the order to be kept; the last one forgets it.
  void refer(Slot slot) noexcept { ++orders_[slot].references; }

  // The order is in the book from here on, or in another place of it.
  void rest(Slot slot, Slot book_slot, Account& account) noexcept;
  void leave_book(Slot slot, Account& account) noexcept;

  [[nodiscard]] Slot find(std::uint64_t order_id) const noexcept { return by_id_.find(order_id, numbers()); }
  [[nodiscard]] OrderRecord& operator[](Slot slot) noexcept { return orders_[slot]; }
  [[nodiscard]] const OrderRecord& operator[](Slot slot) const noexcept { return orders_[slot]; }
  [[nodiscard]] std::uint32_t room() const noexcept { return orders_.room(); }
  [[nodiscard]] Slot oldest_open() const noexcept { return by_age_.front(); }
  [[nodiscard]] Slot next_by_age(Slot slot) const noexcept { return links_[slot].by_age.next; }
  void prefetch_table(std::uint64_t order_id) const noexcept { by_id_.prefetch(order_id); }
  // An account's open orders, by number.
  [[nodiscard]] Slot first_open(Slot account) const noexcept { return by_account_[account].front(); }
  [[nodiscard]] Slot next_open(Slot slot) const noexcept { return links_[slot].by_account.next; }
  // A number for something that is public besides orders.
  [[nodiscard]] std::uint64_t next_number() noexcept { return first_id_ + ++entered_; }
  // The number that was given last.
  [[nodiscard]] std::uint64_t last_id() const noexcept { return first_id_ + entered_; }
  // Answers the slot of this order, probably: it is found without a look at the record. Of one that leaves, its place in
  // the lists comes too.
  Slot prefetch_record(std::uint64_t order_id, bool leaves) const noexcept {
    const Slot slot = by_id_.guess(order_id);
    if (slot == kNil) return kNil;
    prefetch_slot(slot);
    if (leaves) prefetch_links(slot);
    return slot;
  }
  // The order in this slot, if it is the one.
  [[nodiscard]] const OrderRecord* confirm(Slot slot, std::uint64_t order_id) const noexcept {
    const bool is = slot < orders_.end_slot() && orders_[slot].view.order_id == order_id && order_id != 0;
    return is ? &orders_[slot] : nullptr;
  }
  void prefetch_slot(Slot slot) const noexcept;
  // The record that a new order gets soon.
  void prefetch_new() const noexcept {
    const Slot slot = orders_.soon();
    if (slot == kNil) return;
    prefetch_slot(slot);
    prefetch_links(slot);
  }
  // The place of an open order in the lists.
  void prefetch_links(Slot slot) const noexcept { __builtin_prefetch(&links_[slot], 1); }
  void prefetch_neighbours(Slot slot) const noexcept;

  // Is any order of the instrument open? A walk over all open orders: for what happens while the market is closed.
  [[nodiscard]] bool has_open(Slot instrument) const noexcept;
  // Slots of an account's open orders, by number.
  void collect_open(Slot account, std::vector<Slot>& out) const;
  // Does an id of the window refer to every order, and its own id to every open one?
  [[nodiscard]] bool all_remembered() const noexcept;
  // Slots of all orders kept, by number.
  [[nodiscard]] std::vector<Slot> sorted() const;

  void save(StateWriter& out) const;
  // Reads the orders. Open ones are resting only after `rest` has given each its place in a book.
  [[nodiscard]] bool load(StateReader& in, const Balances& balances, const Positions& positions,
                          const Instruments& instruments);

 private:
  // The links of an open order, apart from its record: its neighbours change with it, and these are many to a line.
  struct OpenLinks {
    Links by_age;
    Links by_account;
  };

  struct NumberOf {
    const Pool<OrderRecord>& orders;
    [[nodiscard]] std::uint64_t operator()(Slot slot) const noexcept { return orders[slot].view.order_id; }
  };
  [[nodiscard]] NumberOf numbers() const noexcept { return {orders_}; }
  [[nodiscard]] auto age_links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot].by_age; };
  }
  [[nodiscard]] auto account_links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot].by_account; };
  }
  [[nodiscard]] bool load_order(StateReader& in, const Balances& balances, const Positions& positions,
                                const Instruments& instruments, std::uint64_t last_id);
  [[nodiscard]] bool may_trail_from(const OrderRecord& order, std::uint64_t last_id) const noexcept;

  Pool<OrderRecord> orders_;
  Specials specials_;
  FlatArray<OpenLinks> links_;
  OrderTable by_id_;
  List by_age_;
  std::vector<List> by_account_;
  std::uint64_t first_id_;
  std::uint64_t entered_ = 0;
};

}  // namespace exchange::engine
