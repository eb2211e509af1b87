// The deterministic matching core: one shard's instruments, books, accounts and ids as a pure state machine.
//
// Invariants:
//   1. The state after a command is a function of the state before, the command's bytes and its stamp. There is no
//      clock, I/O, randomness, floating point or thread inside, so the same journal gives the same bytes everywhere.
//   2. A command is applied whole, or refused with a reason; a refused one changes only what its refusal says.
//   3. Nothing throws across this face. Memory is taken from pools of fixed size; a full pool refuses with a reason.
//   4. For each asset the sum over all accounts of available plus held is what was transferred in less what was
//      transferred out. The venue's own accounts count: account 0, which collects the fees, the insurance fund, and the
//      clearing account of each instrument on margin. These may be below zero, and so may an account on margin that lost
//      more than it had; no other is.
//   5. Limits belong to the history: a journal is replayed under the limits it was written with. They change between a
//      save and a load, never between two commands.
//
// Threads: none inside. Callers serialize all access to a Core; `decode` touches no state and may run anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/command.hpp"
#include "exchange/engine/vocabulary.hpp"

namespace exchange::engine {

// Place and time of a command in the shard's order.
struct Stamp {
  std::uint64_t engine_seq = 0;  // contiguous from 1
  std::int64_t time_ns = 0;      // since 1970; never goes back
};

// Sizes of the pools, reserved once, and the limits that decide refusals.
struct Limits {
  std::uint32_t instruments = 1'024;
  std::uint32_t assets = 1'024;
  std::uint32_t accounts = 262'144;
  std::uint32_t balances = 1'048'576;           // (account, asset) pairs
  std::uint32_t positions = 262'144;            // (account, instrument on margin) pairs
  std::uint32_t open_orders = 1'048'576;        // orders in all books
  std::uint32_t orders = 5'242'880;             // open orders and those remembered by an id
  std::uint32_t special_orders = 1'048'576;     // of those, orders that say more than the plain ones
  std::uint32_t ids = 4'194'304;                // client order ids and request ids remembered, all accounts
  std::uint32_t levels = 262'144;               // price levels in all books
  std::uint32_t ids_per_account = 262'144;      // client order ids and request ids remembered of one account
  std::uint32_t open_orders_per_account = 10'000;
  std::uint32_t sessions = 65'536;              // open trading sessions
  std::uint32_t sessions_per_account = 64;
  std::uint32_t gateways = 1'024;              // gateways with a lease
  std::uint32_t cancels_per_command = 1'000;   // orders that mass cancels take out at once; the rest follows in the next
  std::uint32_t trails_per_command = 100;  // trailing stops that are told at once that they moved; the rest in the next
  std::uint32_t positions_per_command = 1'000;  // positions that settlements and their like treat at once; likewise
  std::uint32_t unsettled = 262'144;            // (account, instrument that settles after the trade) pairs
  std::uint32_t busted_trades = 65'536;         // trades that can ever be taken back
  std::int64_t id_window_ns = 600'000'000'000;  // how long an id is remembered, at least
  // Spreads ids over their table. Drawn by chance for each process, it keeps clients from choosing ids that all fall into
  // one place; no output depends on it.
  std::uint64_t id_hash_key = 0;
};

// Receives the bytes of a saved state.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
};

// Gives the bytes of a saved state.
class Source {
 public:
  virtual ~Source() = default;
  // Fills `bytes` whole, or answers false at the end of the state.
  [[nodiscard]] virtual bool read(std::span<std::byte> bytes) = 0;
};

// One level of a book.
struct PriceLevel {
  std::int64_t price = 0;
  std::int64_t quantity = 0;

  bool operator==(const PriceLevel&) const = default;
};

// How much the core holds.
struct Counts {
  std::uint64_t accounts = 0;
  std::uint64_t instruments = 0;
  std::uint64_t open_orders = 0;
  std::uint64_t ids = 0;
  std::uint64_t sessions = 0;  // open
};

class Core {
 public:
  Core(const Limits& limits, std::uint8_t shard);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Reads a serialized `SubmitRequest`. All or nothing: on a refusal `out` is empty. kMalformedCommand if any command
  // cannot be read, breaks the contract or carries an unknown field, or if there are more than kMaxBatchCommands;
  // kCallerNotAllowed if the kind of any is not in `allowed_kinds`. `out` views `submit_request`.
  [[nodiscard]] static Reason decode(std::span<const std::byte> submit_request, CommandKinds allowed_kinds,
                                     Batch& out) noexcept;

  // Reads one serialized `Command`, as a journal keeps it; otherwise as `decode`.
  [[nodiscard]] static Reason decode_command(std::span<const std::byte> command, Batch& out) noexcept;

  // Reads serialized `Command`s, as a journal keeps them, up to the first that cannot be read.
  static void decode_commands(std::span<const std::span<const std::byte>> commands, Batch& out) noexcept;

  // Applies one command. Appends its `CommandResult` to `result`, framed as field 1 of `SubmitResponse` and saying as
  // much as `mode` asks for, and its block of events (also when it has none) to `events`, as flat records for
  // `encode_blocks`.
  void apply(const Command& command, Stamp stamp, ByteBuffer& result, ByteBuffer& events,
             ResponseMode mode = ResponseMode::kFull) noexcept;

  // Tells the memory what will be needed by the commands that come next, nearest first: called before each command of a
  // batch, it saves most of the waiting for distant memory. Changes no state.
  void announce(std::span<const Command> coming) noexcept;

  // Engine time at which a Tick is due, if anything waits for time to pass. It lies in the past while one step could
  // not expire or cancel all that is due: then another Tick is due now.
  [[nodiscard]] std::optional<std::int64_t> next_deadline() const noexcept;

  // Stamp of the last command applied; zeros before the first.
  [[nodiscard]] Stamp last_stamp() const noexcept;

  // No command after this one told of an instrument. It is not part of the state: a core that was loaded says the last.
  [[nodiscard]] std::uint64_t instruments_seq() const noexcept;

  // Hash over the bytes that `save` writes: linear in the size of the state.
  [[nodiscard]] std::uint64_t state_hash() const;

  // Writes the whole state. Equal states write equal bytes.
  void save(Sink& sink) const;

  // Reads a saved state into a core that has applied nothing. False if the bytes are not such a state, are of another
  // shard or format, or do not fit the limits; the core is then unusable.
  [[nodiscard]] bool load(Source& source);

  // Appends the serialized `QueryResponse` of an account; false if it is unknown.
  [[nodiscard]] bool query(std::uint64_t account_id, ByteBuffer& out) const;

  // Gives the state of instruments, books and open orders as serialized `EventsResponse` messages, each with at most
  // kSnapshotPartOrders orders and kSnapshotPartOrders instruments; the views last for one call of `emit`.
  void snapshot_parts(std::uint32_t epoch, const std::function<void(std::string_view)>& emit) const;

  // Fills `levels` best first and answers how many there were; nothing for an unknown instrument.
  [[nodiscard]] std::optional<std::size_t> depth(std::uint32_t instrument_id, Side side,
                                                 std::span<PriceLevel> levels) const noexcept;

  [[nodiscard]] Counts counts() const noexcept;

  // Walks the whole state and answers whether every invariant holds: sums conserved, books not crossed, levels and
  // queues in agreement, quantities and holds adding up. For tests and operators; linear in the size of the state.
  [[nodiscard]] bool consistent() const;

 private:
  class Shard;
  std::unique_ptr<Shard> shard_;
};

// Appends the blocks that `Core::apply` wrote as `EventBlock` messages, each framed as field 4 of `EventsResponse`.
void encode_blocks(std::string_view blocks, ByteBuffer& out);

// Numbers with the top bit set are the venue's: no such account is opened by a command, and none of them trades.
inline constexpr std::uint64_t kVenueAccounts = std::uint64_t{1} << 63;
// The insurance fund.
inline constexpr std::uint64_t kInsuranceAccount = kVenueAccounts;
// Whom the results of an instrument's positions are booked against.
[[nodiscard]] constexpr std::uint64_t clearing_account(std::uint32_t instrument_id) noexcept {
  return kVenueAccounts | instrument_id;
}

// Most orders, and most instruments, in one part of a snapshot.
inline constexpr std::size_t kSnapshotPartOrders = 1'000;

// How long a good-till-cancelled order rests.
inline constexpr std::int64_t kMaxOrderAgeNs = 90LL * 24 * 3'600 * 1'000'000'000;

// Most orders that one command expires before it acts; the rest follow in the next.
inline constexpr std::size_t kMaxExpiriesPerCommand = 1'000;

// Most orders whose triggers came true that one command takes on their way; the rest follow in the next.
inline constexpr std::uint32_t kMaxTriggersPerCommand = 1'000;

// The serialized `Command` that holds a Tick.
inline constexpr std::array<std::byte, 2> kTickCommand{std::byte{0x3A}, std::byte{0x00}};

// The serialized `Command` that holds a LeaderChange.
inline constexpr std::array<std::byte, 3> kLeaderChangeCommand{std::byte{0xE2}, std::byte{0x01}, std::byte{0x00}};

}  // namespace exchange::engine
