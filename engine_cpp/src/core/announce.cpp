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

// The order that a command is about, if it names one by its number.
std::uint64_t target_of(const Command& command) noexcept {
  if (const auto* amend = std::get_if<AmendOrder>(&command.body)) return amend->order_id;
  if (const auto* cancel = std::get_if<CancelOrder>(&command.body)) return cancel->order_id;
  return 0;
}

}  // namespace

void Core::Shard::announce(std::span<const Command> coming) const noexcept {
  accounts_.expect_old_ids();
  if (coming.size() <= kQueue) return;
  expect_queue(coming[kQueue]);
  if (coming.size() > kNeighbours) expect_neighbours(coming[kNeighbours]);
  if (coming.size() > kRecord) expect_record(coming[kRecord]);
  if (coming.size() > kTable) expect_table(coming[kTable]);
}

void Core::Shard::expect_table(const Command& command) const noexcept {
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) return accounts_.expect_new(*place);
  if (const std::uint64_t target = target_of(command); target != 0) accounts_.expect_order(target);
}

void Core::Shard::expect_record(const Command& command) const noexcept {
  if (std::holds_alternative<PlaceOrder>(command.body)) return accounts_.expect_record();
  if (const std::uint64_t target = target_of(command); target != 0) accounts_.expect_record(target);
}

void Core::Shard::expect_neighbours(const Command& command) const noexcept {
  const std::uint64_t target = target_of(command);
  if (target == 0) return;
  const OrderRecord* order = accounts_.expect_neighbours(target);
  if (order != nullptr && order->is_resting()) books_.prefetch(order->instrument, order->book_slot);
}

void Core::Shard::expect_queue(const Command& command) const noexcept {
  const std::uint64_t target = target_of(command);
  if (target == 0) return;
  const Slot slot = accounts_.orders().find(target);
  if (slot != kNil && accounts_.orders()[slot].is_resting()) {
    books_.prefetch_neighbours(accounts_.orders()[slot].book_slot);
  }
}

}  // namespace exchange::engine
