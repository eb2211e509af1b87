// Events as the core writes them: flat records, one block a command. `encode_blocks` makes the wire bytes of them,
// outside the time of a command.
//
// Invariants:
//   1. A block is its head, then its events; an event is its head, then one record of `views.hpp` (an order's with its
//      number before it, and its fill and its special terms behind it where it has them), or the serialized `Event` of
//      a rare kind. All of it in multiples of 8 bytes.
//   2. Views are complete: what a writer puts down depends on nothing but its arguments.
//
// Threads: none; a writer belongs to one call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/command.hpp"
#include "exchange/engine/core.hpp"
#include "market_views.hpp"
#include "views.hpp"

namespace exchange::engine {

struct BlockHead {
  std::uint64_t engine_seq = 0;
  std::int64_t time_ns = 0;
  std::uint32_t bytes = 0;  // of the block, head included
  std::uint32_t spare = 0;
};

enum class EventKind : std::uint16_t {
  kSerialized = 0,  // an `Event`, padded with zeros; `detail` is its length
  kOrderUpdated = 4,
  kPreventedMatch = 5,
  kBalanceChanged = 6,
  kTrade = 7,
  kBookChanged = 8,
  kPositionChanged = 9,
};

struct EventHead {
  EventKind kind{};
  std::uint16_t bytes = 0;   // of the event, head included
  std::uint32_t detail = 0;  // of an order: its OrderUpdateCause and, above it, what else is told; of a balance: the
                             // instrument whose position changed it, if one did
};

// Set in the detail of an order's event that ends with a SpecialView.
inline constexpr std::uint32_t kTellsSpecial = 0x100;
static_assert(kAreFlat<BlockHead, EventHead>);

// One block, complete at the end of the writer's life. Nothing else writes to the buffer meanwhile.
class EventWriter {
 public:
  EventWriter(ByteBuffer& out, Stamp stamp)
      : out_(out), start_(out.size()), at_(out.reserve(kUsualBytes)), limit_(out.limit()) {
    const BlockHead head{stamp.engine_seq, stamp.time_ns, 0, 0};
    std::memcpy(extend(sizeof head), &head, sizeof head);
  }
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;
  ~EventWriter() {
    out_.end_at(at_);
    const auto bytes = static_cast<std::uint32_t>(out_.size() - start_);
    std::memcpy(out_.at(start_) + offsetof(BlockHead, bytes), &bytes, sizeof bytes);
  }

  void order_updated(OrderUpdateCause cause, const OrderView& order, std::uint64_t account_seq,
                     const FillView* fill = nullptr, const SpecialView* special = nullptr) {
    const auto detail = static_cast<std::uint32_t>(cause);
    if (special != nullptr) return special_order_updated(detail | kTellsSpecial, account_seq, order, fill, *special);
    if (fill == nullptr) return put(EventKind::kOrderUpdated, detail, account_seq, order);
    put(EventKind::kOrderUpdated, detail, account_seq, order, *fill);
  }
  void prevented_match(const PreventedMatchView& match) { put(EventKind::kPreventedMatch, 0, match); }
  // Field by field, straight into the block: a record that is put together elsewhere first and then copied in wide
  // pieces keeps the processor waiting for its narrow writes.
  void balance_changed(const BalanceChangeView& change) {
    static_assert(sizeof change == 56, "every field is written here");
    BalanceChangeView& out = emplace<BalanceChangeView>(EventKind::kBalanceChanged);
    out.account_id = change.account_id;
    out.asset_id = change.asset_id;
    out.kind = change.kind;
    out.spare = {};
    out.amount = change.amount;
    out.available = change.available;
    out.held = change.held;
    out.trade_id = change.trade_id;
    out.account_seq = change.account_seq;
  }
  // A balance that changed for a position.
  void balance_changed(const BalanceChangeView& change, std::uint32_t instrument_id) {
    put(EventKind::kBalanceChanged, instrument_id, change);
  }
  void position_changed(const PositionChangeView& change) { put(EventKind::kPositionChanged, 0, change); }
  void trade(const TradeView& trade) { put(EventKind::kTrade, 0, trade); }
  void book_changed(const BookChangeView& change) {
    static_assert(sizeof change == 32, "every field is written here");
    BookChangeView& out = emplace<BookChangeView>(EventKind::kBookChanged);
    out.instrument_id = change.instrument_id;
    out.side = change.side;
    out.spare = {};
    out.book_seq = change.book_seq;
    out.price = change.price;
    out.quantity = change.quantity;
  }

  void instrument_updated(const InstrumentDefinition& instrument);
  // The account's effective self-trade group goes in `self_trade_group_id`.
  void account_opened(const OpenAccount& account);
  void transfer_updated(const Transfer& transfer, Reason reason);
  void account_updated(const AccountView& account);
  void fee_schedule_changed(const SetFeeSchedule& schedule);
  void variation_settled(const SweepView& sweep);
  void positions_rolled(const SweepView& sweep);
  void instrument_expired(const SweepView& sweep);
  void option_exercised(const OptionExercisedView& exercised);
  void value_date_changed(std::uint32_t instrument_id, std::uint32_t value_date);
  void trades_delivered(const SweepView& sweep);
  void unsettled_delivered(const UnsettledDeliveredView& delivered);
  void trade_busted(const TradeBustedView& busted);
  void liquidation_changed(const LiquidationView& liquidation);
  void margin_parameters_changed(const SetMarginParameters& parameters);
  void mass_cancel_done(const MassCancelDoneView& done);
  void cancel_all_after_changed(const CancelAllAfterView& change);
  void session_changed(const SessionView& session);
  void phase_changed(const PhaseChangeView& change);
  void auction_updated(std::uint32_t instrument_id, AuctionKind kind, const AuctionView& view);
  void auction_uncrossed(std::uint32_t instrument_id, AuctionKind kind, const AuctionView& view);
  void self_trade_uncrossed(std::uint64_t trade_id, std::uint32_t instrument_id, std::uint64_t group);
  void mark_price_changed(std::uint32_t instrument_id, const StatedPrices& prices);

 private:
  static constexpr std::size_t kUsualBytes = 512;

  [[nodiscard]] char* extend(std::size_t count) {
    if (count > static_cast<std::size_t>(limit_ - at_)) [[unlikely]] make_room(count);
    return std::exchange(at_, at_ + count);
  }
  [[gnu::noinline, gnu::cold]] void make_room(std::size_t count) {
    out_.end_at(at_);
    at_ = out_.reserve(std::max(count, kUsualBytes));
    limit_ = out_.limit();
  }
  // The record of a new event; the caller writes all of it.
  template <class Record>
  [[nodiscard]] Record& emplace(EventKind kind) {
    constexpr std::size_t kBytes = sizeof(EventHead) + sizeof(Record);
    char* const at = extend(kBytes);
    const EventHead head{kind, static_cast<std::uint16_t>(kBytes), 0};
    std::memcpy(at, &head, sizeof head);
    return *std::launder(reinterpret_cast<Record*>(at + sizeof head));
  }

  void special_order_updated(std::uint32_t detail, std::uint64_t account_seq, const OrderView& order,
                             const FillView* fill, const SpecialView& special) {
    if (fill == nullptr) return put(EventKind::kOrderUpdated, detail, account_seq, order, special);
    put(EventKind::kOrderUpdated, detail, account_seq, order, *fill, special);
  }
  template <class... Records>
  void put(EventKind kind, std::uint32_t detail, const Records&... records) {
    static_assert(kAreFlat<Records...>);
    constexpr std::size_t kBytes = (sizeof(EventHead) + ... + sizeof(Records));
    char* at = extend(kBytes);
    const EventHead head{kind, static_cast<std::uint16_t>(kBytes), detail};
    std::memcpy(at, &head, sizeof head);
    at += sizeof head;
    ((std::memcpy(at, &records, sizeof records), at += sizeof records), ...);
  }
  template <class Write>
  void put_serialized(std::uint32_t kind, Write write);

  ByteBuffer& out_;
  std::size_t start_;
  char* at_;
  char* limit_;
};

}  // namespace exchange::engine
