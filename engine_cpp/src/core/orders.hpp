// Orders as their owners know them: the terms, what became of them, what is reserved for them.
//
// Invariants:
//   1. quantity = cum + leaves + prevented + cancelled at all times. A terminal status never changes.
//   2. `version` grows by one at each change. `first` is the progress at the end of the command that entered the order.
//   3. An order is kept while it is open and while an id of the window refers to it. Numbers rise in order of entry.
//   4. Open orders are in two lists, both in order of entry: all of them (for age), and those of one account.
//
// Threads: none; owned by the accounts half of one Core.
#pragma once

#include <cstdint>
#include <vector>

#include "balances.hpp"
#include "instruments.hpp"
#include "text.hpp"

namespace exchange::engine {

using ClientId = ShortText<kMaxClientIdSize>;

struct Progress {
  std::int64_t quantity = 0;  // as ordered; of an order with a budget, what was filled or prevented
  std::int64_t cum_quantity = 0;
  std::int64_t leaves = 0;
  std::int64_t prevented = 0;
  std::int64_t cancelled = 0;
  std::int64_t taker_notional = 0;
  std::int64_t maker_notional = 0;
  std::int64_t cum_fee = 0;
  std::int64_t updated_ns = 0;
  std::uint32_t version = 0;
  OrderStatus status{};
  EndReason end_reason{};

  [[nodiscard]] std::int64_t cum_notional() const noexcept { return taker_notional + maker_notional; }
};

struct OrderRecord {
  std::uint64_t order_id = 0;  // 0: not an order
  std::int64_t price = 0;      // limit; 0 for MARKET
  std::int64_t hold_price = 0;  // worst price it may trade at
  std::int64_t quote_budget = 0;
  std::int64_t accepted_ns = 0;
  std::int64_t held = 0;  // reserved for it, of the asset it gives
  Progress now;
  Progress first;
  Slot account = kNil;
  Slot instrument = kNil;  // kNil if the order was refused for naming none
  std::uint32_t instrument_id = 0;
  Slot book_slot = kNil;  // kNil unless it rests
  Slot id_entry = kNil;   // of the window, that remembers its client order id
  Slot next_in_bucket = kNil;
  std::uint32_t references = 0;  // ids of the window that refer to it
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
  Reason reject_reason = Reason::kNone;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  SelfTradePrevention mode{};
  bool post_only = false;
  ClientId client_order_id;
  Links by_age{};
  Links by_account{};

  [[nodiscard]] bool has_budget() const noexcept { return quote_budget > 0; }
  [[nodiscard]] bool is_resting() const noexcept { return book_slot != kNil; }
  [[nodiscard]] std::uint32_t max_fee_ppm() const noexcept { return std::max(taker_fee_ppm, maker_fee_ppm); }
};

class Orders {
 public:
  Orders(const Limits& limits, std::uint8_t shard);

  // Takes a record with the next number; needs room for one.
  [[nodiscard]] Slot enter() noexcept;
  // Forgets the order if nothing refers to it.
  void dereference(Slot slot) noexcept;

  void rest(Slot slot, Slot book_slot, Account& account) noexcept;
  void leave_book(Slot slot, Account& account) noexcept;

  [[nodiscard]] Slot find(std::uint64_t order_id) const noexcept;
  [[nodiscard]] OrderRecord& operator[](Slot slot) noexcept { return orders_[slot]; }
  [[nodiscard]] const OrderRecord& operator[](Slot slot) const noexcept { return orders_[slot]; }
  [[nodiscard]] std::uint32_t room() const noexcept { return orders_.room(); }
  [[nodiscard]] Slot oldest_open() const noexcept { return by_age_.front(); }

  // Slots of an account's open orders, by number.
  void collect_open(Slot account, std::vector<Slot>& out) const;
  // Does an id of the window refer to every order, and its own id to every open one?
  [[nodiscard]] bool all_remembered() const noexcept;
  // Slots of all orders kept, by number.
  [[nodiscard]] std::vector<Slot> sorted() const;

  void save(StateWriter& out) const;
  // Reads the orders. Open ones are resting only after `rest` has given each its place in a book.
  [[nodiscard]] bool load(StateReader& in, std::uint32_t accounts, const Instruments& instruments);

 private:
  [[nodiscard]] bool load_order(StateReader& in, std::uint32_t accounts, const Instruments& instruments);

  Pool<OrderRecord> orders_;
  HashIndex<OrderRecord> by_id_;
  List<OrderRecord, &OrderRecord::by_age> by_age_;
  std::vector<List<OrderRecord, &OrderRecord::by_account>> by_account_;
  std::uint64_t first_id_;
  std::uint64_t entered_ = 0;
};

}  // namespace exchange::engine
