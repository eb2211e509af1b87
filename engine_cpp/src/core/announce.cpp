// What the commands to come will need, told to the memory in stages: each stage asks for what the one before it made
// known, some commands later, when that has come near.
#include "shard.hpp"

namespace exchange::engine {
namespace {

// How many commands ahead each stage looks.
constexpr std::size_t kTable = 16;
constexpr std::size_t kRecord = 11;
constexpr std::size_t kNeighbours = 6;
constexpr std::size_t kQueue = 3;
constexpr std::size_t kLevel = 1;

// So many open orders, with all that hangs on them, stay in the processor's own memory.
constexpr std::uint32_t kFewOrders = 3'000;

// The order that a command is about, if it names one by its number.
std::uint64_t target_of(const Command& command) noexcept {
  if (const auto* amend = std::get_if<AmendOrder>(&command.body)) return amend->order_id;
  if (const auto* cancel = std::get_if<CancelOrder>(&command.body)) return cancel->order_id;
  return 0;
}

// The price at which a command puts an order into the book, if it says one.
std::int64_t price_of(const Command& command) noexcept {
  if (const auto* amend = std::get_if<AmendOrder>(&command.body)) return amend->has_price ? amend->price : 0;
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) return may_rest(place->time_in_force) ? place->price : 0;
  return 0;
}

}  // namespace

// What one stage found is kept for the later ones: a batch moves past it one command a call. What was kept from a batch
// before, or has changed meanwhile, does no harm: nothing is told but that a place will be looked at.
void Core::Shard::announce(std::span<const Command> coming) noexcept {
  ++announced_;
  if (books_.open_orders() < kFewOrders) return announce_new(coming);
  if (coming.size() <= kQueue) return;
  expect_level(expected(kLevel));
  expect_queue(coming[kQueue], expected(kQueue));
  if (coming.size() > kNeighbours) expect_neighbours(coming[kNeighbours], expected(kNeighbours));
  if (coming.size() > kRecord) expect_record(coming[kRecord], expected(kRecord));
  if (coming.size() > kTable) expect_table(coming[kTable], expected(kTable));
}

// Few orders are near of themselves; what a new one takes is not.
void Core::Shard::announce_new(std::span<const Command> coming) const noexcept {
  if (coming.size() <= kTable) return;
  if (const auto* place = std::get_if<PlaceOrder>(&coming[kTable].body)) accounts_.expect_new(*place);
  if (std::holds_alternative<PlaceOrder>(coming[kRecord].body)) accounts_.orders().prefetch_new();
}

void Core::Shard::expect_table(const Command& command, Expected& expected) const noexcept {
  expected = {};
  if (const std::uint64_t target = target_of(command); target != 0) {
    accounts_.orders().prefetch_table(target);
  } else if (const auto* place = std::get_if<PlaceOrder>(&command.body)) {
    accounts_.expect_new(*place);
    expected.instrument = instruments_.find(place->instrument_id);
    if (expected.instrument == kNil) return;
    instruments_.prefetch(expected.instrument);
    books_.prefetch(expected.instrument);
  }
}

void Core::Shard::expect_record(const Command& command, Expected& expected) const noexcept {
  if (const std::uint64_t target = target_of(command); target != 0) {
    const bool leaves = std::holds_alternative<CancelOrder>(command.body);
    expected.order = accounts_.orders().prefetch_record(target, leaves);
  } else if (const auto* place = std::get_if<PlaceOrder>(&command.body)) {
    accounts_.orders().prefetch_new();
    if (expected.instrument != kNil) books_.prefetch_best(expected.instrument, opposite(place->side));
  }
}

void Core::Shard::expect_neighbours(const Command& command, Expected& expected) const noexcept {
  expected.price = price_of(command);
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) {
    expected.side = place->side;
    if (expected.instrument != kNil) books_.prefetch_first(expected.instrument, opposite(place->side));
    return;
  }
  const OrderRecord* order = accounts_.orders().confirm(expected.order, target_of(command));
  if (order == nullptr || !order->is_resting() || order->is_untriggered() || order->is_off_book()) return;
  expected.instrument = order->instrument;
  expected.book_slot = order->book_slot;
  expected.side = order->view.side;
  if (std::holds_alternative<CancelOrder>(command.body)) accounts_.orders().prefetch_neighbours(expected.order);
  accounts_.balances().prefetch(order->view.side == Side::kBuy ? order->quote_balance : order->base_balance);
  instruments_.prefetch(order->instrument);
  books_.prefetch(order->instrument);
  books_.prefetch_order(order->book_slot);
}

void Core::Shard::expect_queue(const Command& command, const Expected& expected) const noexcept {
  if (expected.instrument == kNil) return;
  if (expected.price != 0) books_.prefetch_root(expected.instrument, expected.side, expected.price);
  if (expected.book_slot != kNil) return books_.prefetch_neighbours(expected.book_slot);
  if (!std::holds_alternative<PlaceOrder>(command.body)) return;
  const Slot maker = books_.first_owner(expected.instrument, opposite(expected.side));
  if (maker != kNil) accounts_.orders().prefetch_slot(maker);
}

void Core::Shard::expect_level(const Expected& expected) const noexcept {
  if (expected.price == 0 || expected.instrument == kNil) return;
  books_.prefetch_level(expected.instrument, expected.side, expected.price);
}

}  // namespace exchange::engine
