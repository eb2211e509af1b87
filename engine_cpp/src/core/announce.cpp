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

// The slots that one stage found are kept for the later ones: a batch moves past them one command a call. A slot kept
// from a batch before does no harm: nothing is believed that the record does not confirm.
void Core::Shard::announce(std::span<const Command> coming) noexcept {
  ++announced_;
  if (coming.size() <= kQueue) return;
  expect_queue(coming[kQueue], expected(kQueue));
  if (coming.size() > kNeighbours) expect_neighbours(coming[kNeighbours], expected(kNeighbours));
  if (coming.size() > kRecord) expected(kRecord) = expect_record(coming[kRecord]);
  if (coming.size() > kTable) expect_table(coming[kTable]);
}

void Core::Shard::expect_table(const Command& command) const noexcept {
  if (const std::uint64_t target = target_of(command); target != 0) return accounts_.orders().prefetch_table(target);
  const auto* place = std::get_if<PlaceOrder>(&command.body);
  if (place == nullptr) return;
  accounts_.expect_new(*place);
  const Slot instrument = instruments_.find(place->instrument_id);
  if (instrument != kNil) books_.prefetch(instrument);
}

Slot Core::Shard::expect_record(const Command& command) const noexcept {
  if (const std::uint64_t target = target_of(command); target != 0) return accounts_.orders().prefetch_record(target);
  const auto* place = std::get_if<PlaceOrder>(&command.body);
  if (place == nullptr) return kNil;
  accounts_.orders().prefetch_next();
  const Slot instrument = instruments_.find(place->instrument_id);
  if (instrument != kNil) books_.prefetch_best(instrument, opposite(place->side));
  return kNil;
}

void Core::Shard::expect_neighbours(const Command& command, Slot slot) const noexcept {
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) {
    const Slot instrument = instruments_.find(place->instrument_id);
    if (instrument != kNil) books_.prefetch_first(instrument, opposite(place->side));
    return;
  }
  const OrderRecord* order = accounts_.orders().confirm(slot, target_of(command));
  if (order == nullptr || !order->is_resting() || order->is_untriggered()) return;
  accounts_.orders().prefetch_neighbours(slot);
  accounts_.balances().prefetch(order->view.side == Side::kBuy ? order->quote_balance : order->base_balance);
  books_.prefetch(order->instrument);
  books_.prefetch_order(order->book_slot);
}

void Core::Shard::expect_queue(const Command& command, Slot slot) const noexcept {
  if (const auto* place = std::get_if<PlaceOrder>(&command.body)) {
    const Slot instrument = instruments_.find(place->instrument_id);
    const Slot maker = instrument == kNil ? kNil : books_.first_owner(instrument, opposite(place->side));
    if (maker != kNil) accounts_.orders().prefetch_slot(maker);
    return;
  }
  const OrderRecord* order = accounts_.orders().confirm(slot, target_of(command));
  if (order != nullptr && order->is_resting() && !order->is_untriggered()) books_.prefetch_neighbours(order->book_slot);
}

}  // namespace exchange::engine
