// The fast path of order entry: a client's message read into commands of the engine, and the engine's answers written as
// the client's results, without an object in between.
//
// Invariants:
//   1. Each item comes to one command or to a refusal, and nothing that is wrong with it touches its neighbours. With
//      ALL_OR_NONE all items come to one command, or none.
//   2. A refusal is the one that the call for the one request would end with. Here it is a reason; `refused` names what a
//      caller may put into words, at most `kMaxExplained` items.
//   3. A message that cannot be read, or holds not exactly one thing, is `MessageKind::kUnreadable`.
//   4. Views lead into the message and into the answer: both outlive the batch.
//
// Threads: none; a batch belongs to one caller, who knows that the instruments do not change meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/codec/instruments.hpp"
#include "exchange/codec/reasons.hpp"
#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/vocabulary.hpp"

namespace exchange::codec {

using engine::Reason;
using engine::ResponseMode;

inline constexpr std::size_t kMaxItems = 1'024;
inline constexpr std::size_t kMaxTogether = 256;
inline constexpr std::size_t kMaxExplained = 32;

// Numbers are those of the fields of `OrderEntryRequest`.
enum class MessageKind : std::uint8_t { kUnreadable = 0, kOpenSession = 1, kBatch = 2, kHeartbeat = 3, kClose = 4 };

struct Message {
  MessageKind kind = MessageKind::kUnreadable;
  std::string_view body;
};

// What an `OrderEntryRequest` holds.
[[nodiscard]] Message read_message(std::string_view bytes) noexcept;

// Numbers are those of the fields of `OrderItem`; none if the item holds not exactly one of them.
enum class ItemKind : std::uint8_t { kNone = 0, kPlace = 1, kAmend = 2, kCancel = 3, kMassCancel = 4, kGroup = 5 };

enum class Acceptance : std::uint8_t { kEach = 1, kAllOrNone = 2 };

// What is wrong with a batch as a whole, so that none of it counts.
enum class BatchFault : std::uint8_t {
  kNone,
  kItemCount,         // none, or more than `kMaxItems`
  kAcceptance,        // no such
  kResponseMode,      // no such
  kTogetherCount,     // with ALL_OR_NONE: more than `kMaxTogether`
  kTogetherKind,      // with ALL_OR_NONE: an item that is no single order
};

// When commands had their turn in the engine, and how many were not durable then: `BatchTimes`.
struct Turn {
  std::int64_t sequenced_time_ns = 0;
  std::int64_t matched_time_ns = 0;
  std::uint64_t queue_length = 0;
};

// Who asks, by which session (0: none), and when the gateway had the request.
struct Asker {
  std::uint64_t account_id = 0;
  std::uint64_t session_id = 0;
  std::int64_t now_ns = 0;
};

struct Setting {
  const Instruments& instruments;
  Asker asker;
};

// An item that was refused: its request, and the engine's `CommandResult`, empty if it never came there. With ALL_OR_NONE
// it is the `OrderResult` if there is one, and `engine_seq` that of the command.
struct RefusedItem {
  std::size_t index = 0;
  ItemKind kind{};
  Reason reason{};
  std::string_view request;
  std::string_view result;
  std::uint64_t engine_seq = 0;
};

class Batch {
 public:
  // Reads an `OrderBatch`; throws nothing, as what is wrong is a fault or a refusal.
  Batch(std::string_view body, const Setting& setting, const ReasonNames& names);

  [[nodiscard]] std::uint64_t correlation_id() const noexcept { return correlation_id_; }
  [[nodiscard]] BatchFault fault() const noexcept { return fault_; }
  [[nodiscard]] ResponseMode mode() const noexcept { return mode_; }
  [[nodiscard]] std::size_t item_count() const noexcept { return items_.size(); }
  // What rates count: orders that it enters or changes, each leg of a group, and requests that take orders out.
  [[nodiscard]] std::size_t order_count() const noexcept { return order_count_; }
  [[nodiscard]] std::size_t cancel_count() const noexcept { return cancel_count_; }
  // Symbols that no known instrument has, in the order of their items.
  [[nodiscard]] std::span<const std::string_view> unknown_symbols() const noexcept { return unknown_; }

  // The commands, as `SubmitRequest` holds them.
  [[nodiscard]] std::string_view commands() const noexcept { return commands_.view(); }
  [[nodiscard]] std::size_t command_count() const noexcept { return command_count_; }

  // Takes the results, one a command, as `SubmitResponse` holds them, and when they had their turn. False if they are not
  // that.
  [[nodiscard]] bool answer(std::string_view results, const Turn& turn);

  // The first refused items that are worth words: not those of whose batch another one was refused.
  [[nodiscard]] std::vector<RefusedItem> refused() const;
  // Puts a refusal into words: a serialized `google.rpc.Status`.
  void explain(std::size_t index, std::string status);

  // The `OrderEntryResponse`; empty if the engine's results cannot be read. Needs the answer, if there are commands.
  [[nodiscard]] std::string_view write();

 private:
  struct Item {
    ItemKind kind{};
    Reason reason{};  // why it never came to the engine
    std::string_view request;
    const Instrument* instrument = nullptr;
    std::string_view result;         // `CommandResult`, or with ALL_OR_NONE the `OrderResult`
    const std::string* status = nullptr;
  };

  void read(std::string_view body);
  void read_item(std::string_view bytes, Item& out) const;
  void count(ItemKind kind, std::size_t orders = 1) noexcept;
  void translate_each(const Setting& setting);
  void translate_together(const Setting& setting);
  [[nodiscard]] Reason translate_item(Item& item, const Setting& setting, std::string_view& unknown);
  void note_unknown(std::string_view symbol);
  void write_response();
  [[nodiscard]] bool answer_together(std::string_view result);
  [[nodiscard]] Reason reason_of(const Item& item) const;

  const Instruments& instruments_;
  const ReasonNames& names_;
  std::uint64_t correlation_id_ = 0;
  Acceptance acceptance_ = Acceptance::kEach;
  ResponseMode mode_ = ResponseMode::kFull;
  BatchFault fault_ = BatchFault::kNone;
  std::vector<Item> items_;
  std::vector<std::string_view> unknown_;
  std::size_t order_count_ = 0;
  std::size_t cancel_count_ = 0;
  std::size_t command_count_ = 0;
  engine::ByteBuffer commands_;
  engine::ByteBuffer response_;
  std::deque<std::string> statuses_;
  std::string_view together_;  // with ALL_OR_NONE: the one `CommandResult`
  std::int64_t gateway_time_ns_ = 0;
  Turn turn_;
  bool has_turn_ = false;
};

struct SplitResults {
  std::vector<std::string_view> parts;
  Turn turn;
};

// Takes a `SubmitResponse` apart into the results of so many commands each. No parts if it holds another number of them.
[[nodiscard]] SplitResults split_results(std::string_view response, std::span<const std::size_t> counts);

}  // namespace exchange::codec
