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
#include "views.hpp"

namespace exchange::engine {

// Where an order stood at the end of the command that entered it. What else its first answer said follows: nothing was
// cancelled of an order that was open then, and one that had ended did not change after.
struct FirstAnswer {
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t cum_quantity = 0;
  std::int64_t cum_notional = 0;
  std::int64_t cum_fee = 0;
  std::int64_t prevented_quantity = 0;
  std::uint32_t version = 0;
  OrderStatus status{};
  EndReason end_reason{};
};

struct alignas(64) OrderRecord {
  OrderView view;              // with order number 0: not an order
  std::int64_t hold_price = 0;  // worst price it may trade at
  std::int64_t held = 0;        // reserved for it, of the asset it gives
  std::int64_t maker_notional = 0;
  Slot account = kNil;
  Slot instrument = kNil;  // kNil if the order was refused for naming none
  Slot book_slot = kNil;   // kNil unless it rests
  Slot id_entry = kNil;    // of the window, that remembers its client order id
  Slot base_balance = kNil;
  Slot quote_balance = kNil;
  std::uint32_t references = 0;  // ids of the window that refer to it
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
  bool id_is_pinned = false;

  [[nodiscard]] bool has_budget() const noexcept { return view.has_budget(); }
  [[nodiscard]] bool is_resting() const noexcept { return book_slot != kNil; }
  [[nodiscard]] std::int64_t taker_notional() const noexcept { return view.cum_notional - maker_notional; }
  [[nodiscard]] std::uint32_t max_fee_ppm() const noexcept { return std::max(taker_fee_ppm, maker_fee_ppm); }
};
static_assert(sizeof(OrderRecord) == 256);

class Orders {
 public:
  Orders(const Limits& limits, std::uint8_t shard);

  // Takes a record with the next number; needs room for one.
  [[nodiscard]] Slot enter() noexcept;
  // At the end of the command that entered the order.
  void conclude(Slot slot) noexcept;
  // The order as the answer to that command showed it.
  [[nodiscard]] OrderView first_view(Slot slot) const noexcept;
  // Forgets the order if nothing refers to it.
  void dereference(Slot slot) noexcept;

  void rest(Slot slot, Slot book_slot, Account& account) noexcept;
  void leave_book(Slot slot, Account& account) noexcept;

  [[nodiscard]] Slot find(std::uint64_t order_id) const noexcept;
  [[nodiscard]] OrderRecord& operator[](Slot slot) noexcept { return orders_[slot]; }
  [[nodiscard]] const OrderRecord& operator[](Slot slot) const noexcept { return orders_[slot]; }
  [[nodiscard]] std::uint32_t room() const noexcept { return orders_.room(); }
  [[nodiscard]] Slot oldest_open() const noexcept { return by_age_.front(); }
  void prefetch(std::uint64_t order_id) const noexcept { by_id_.prefetch(tag_of(order_id)); }
  void prefetch_record(std::uint64_t order_id) const noexcept;

  // Slots of an account's open orders, by number.
  void collect_open(Slot account, std::vector<Slot>& out) const;
  // Does an id of the window refer to every order, and its own id to every open one?
  [[nodiscard]] bool all_remembered() const noexcept;
  // Slots of all orders kept, by number.
  [[nodiscard]] std::vector<Slot> sorted() const;

  void save(StateWriter& out) const;
  // Reads the orders. Open ones are resting only after `rest` has given each its place in a book.
  [[nodiscard]] bool load(StateReader& in, const Balances& balances, const Instruments& instruments);

 private:
  // The links of an open order, apart from its record: its neighbours change with it, and these are many to a line.
  struct OpenLinks {
    Links by_age;
    Links by_account;
  };

  // Numbers are dense, so the number itself spreads over the table without a hash.
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t order_id) noexcept {
    return static_cast<std::uint32_t>(order_id);
  }
  [[nodiscard]] auto age_links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot].by_age; };
  }
  [[nodiscard]] auto account_links() noexcept {
    return [this](Slot slot) -> Links& { return links_[slot].by_account; };
  }
  [[nodiscard]] bool load_order(StateReader& in, const Balances& balances, const Instruments& instruments);

  Pool<OrderRecord> orders_;
  FlatArray<FirstAnswer> first_;
  FlatArray<OpenLinks> links_;
  SlotTable by_id_;
  List by_age_;
  std::vector<List> by_account_;
  std::uint64_t first_id_;
  std::uint64_t entered_ = 0;
};

}  // namespace exchange::engine
