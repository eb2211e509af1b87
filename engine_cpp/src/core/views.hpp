// What the core tells of itself, as flat records: the state of an order, a fill, a balance, a trade, a level.
//
// Invariants:
//   1. A record has no padding and owns all it says, so equal meanings are equal bytes and copying one is a copy of
//      memory. The hot ones keep what changes first.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "exchange/engine/command.hpp"
#include "exchange/engine/vocabulary.hpp"
#include "text.hpp"

namespace exchange::engine {

using ClientId = ShortText<kMaxClientIdSize>;

struct OrderView {
  std::uint64_t order_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;  // as ordered; of an order with a budget, what was filled or prevented
  std::int64_t leaves_quantity = 0;
  std::int64_t cum_quantity = 0;
  std::int64_t cum_notional = 0;
  std::int64_t cum_fee = 0;
  std::int64_t updated_time_ns = 0;

  std::int64_t prevented_quantity = 0;
  std::int64_t cancelled_quantity = 0;
  std::int64_t accepted_time_ns = 0;
  std::int64_t quote_budget = 0;
  std::uint64_t account_id = 0;
  std::uint64_t session_id = 0;  // 0: of no session
  std::uint32_t instrument_id = 0;
  std::uint32_t version = 0;
  OrderStatus status{};
  EndReason end_reason{};
  Reason reject_reason = Reason::kNone;
  Side side{};
  OrderType type{};
  TimeInForce time_in_force{};
  SelfTradePrevention self_trade_prevention{};
  bool post_only = false;
  ClientId client_order_id;
  std::array<std::uint8_t, 2> spare{};

  [[nodiscard]] bool has_budget() const noexcept { return quote_budget > 0; }
};

[[nodiscard]] constexpr bool is_active(OrderStatus status) noexcept {
  return status == OrderStatus::kNew || status == OrderStatus::kPartiallyFilled || status == OrderStatus::kUntriggered;
}


// What only some orders say, and how it stands: behind the order, for those that have any of it.
struct SpecialView {
  std::int64_t trigger_price = 0;  // of TRAILING_STOP where it stands now
  std::int64_t trailing_ticks = 0;
  std::int64_t watermark_price = 0;
  std::int64_t triggered_time_ns = 0;
  std::int64_t display_quantity = 0;
  std::int64_t displayed_quantity = 0;
  std::uint64_t slice_id = 0;
  std::int64_t min_quantity = 0;

  std::int64_t expire_time_ns = 0;
  std::int64_t peg_offset_ticks = 0;
  std::int64_t working_price = 0;
  std::uint64_t link_id = 0;
  std::uint64_t parent_order_id = 0;
  std::uint32_t trailing_bps = 0;
  std::uint32_t tag = 0;
  TriggerReference trigger_reference{};
  PegReference peg_reference{};
  LinkType link_type{};
  bool has_trigger_price = false;
  bool has_watermark = false;
  bool has_working_price = false;
  bool post_only_reprice = false;
  bool reduce_only = false;
  bool survive_disconnect = false;
  std::array<std::uint8_t, 7> spare{};
};

struct FillView {
  std::uint64_t trade_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t notional = 0;
  std::int64_t fee = 0;
  Liquidity liquidity{};
  std::array<std::uint8_t, 7> spare{};
};

// What an order that is only validated would cost, at the worst price that it can trade at.
struct OrderCostView {
  std::uint32_t asset_id = 0;
  std::int64_t worst_price = 0;
  std::int64_t notional = 0;  // without its sign
  std::int64_t worst_fee = 0;
  std::int64_t required = 0;
  std::int64_t available = 0;
};

struct BalanceChangeView {
  std::uint64_t account_id = 0;
  std::uint32_t asset_id = 0;
  BalanceChangeKind kind{};
  std::array<std::uint8_t, 3> spare{};
  std::int64_t amount = 0;
  std::int64_t available = 0;
  std::int64_t held = 0;
  std::uint64_t trade_id = 0;
  std::uint64_t account_seq = 0;
};

// A position that changed.
struct PositionChangeView {
  std::uint64_t account_id = 0;
  std::uint32_t instrument_id = 0;
  PositionChangeKind kind{};
  std::array<std::uint8_t, 3> spare{};
  std::int64_t quantity = 0;  // afterwards, as the next two
  std::int64_t cost = 0;
  std::int64_t realised = 0;
  std::int64_t change = 0;  // of the quantity
  std::int64_t result = 0;  // of what was closed
  std::uint64_t trade_id = 0;
  std::uint64_t account_seq = 0;
};

struct PreventedMatchView {
  std::uint32_t instrument_id = 0;
  SelfTradePrevention mode{};
  std::array<std::uint8_t, 3> spare{};
  std::uint64_t maker_order_id = 0;
  std::uint64_t taker_order_id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
  std::uint64_t maker_account_seq = 0;
  std::uint64_t taker_account_seq = 0;  // the same number if it is one account
};

struct TradeView {
  std::uint64_t trade_id = 0;
  std::uint32_t instrument_id = 0;
  Side taker_side{};
  bool uncross = false;  // both sides rested, and pay the maker's fee
  bool liquidation = false;  // the taker closed a position of an account that is liquidated
  std::uint8_t spare = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::uint64_t maker_order_id = 0;
  std::uint64_t taker_order_id = 0;
  std::uint64_t maker_account_id = 0;
  std::uint64_t taker_account_id = 0;
  std::int64_t notional = 0;
  std::int64_t maker_fee = 0;
  std::int64_t taker_fee = 0;
  std::uint64_t trade_seq = 0;  // number among the instrument's trades
};

struct BookChangeView {
  std::uint32_t instrument_id = 0;
  Side side{};
  std::array<std::uint8_t, 3> spare{};
  std::uint64_t book_seq = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
};

// Which orders of an account a mass cancel means.
struct OrderFilterView {
  std::uint32_t instrument_id = 0;
  Side side{};  // zero: both
  std::uint64_t session_id = 0;
  std::uint32_t tag = 0;
  bool has_instrument = false;
  bool has_session = false;
  bool has_tag = false;
  bool operator==(const OrderFilterView&) const = default;
};

// Rare, and so not flat.
struct MassCancelDoneView {
  std::uint64_t account_id = 0;
  std::uint64_t mass_cancel_id = 0;
  MassCancelCause cause{};
  std::uint32_t count = 0;
  std::uint64_t account_seq = 0;
  OrderFilterView filter;
};

struct CancelAllAfterView {
  std::uint64_t account_id = 0;
  CancelAllAfterState state{};
  std::int64_t due_time_ns = 0;
  std::uint64_t account_seq = 0;
};

struct SessionView {
  std::uint64_t account_id = 0;
  std::uint64_t session_id = 0;
  std::uint64_t epoch = 0;
  SessionState state{};
  SessionLoss loss{};
  std::int64_t due_time_ns = 0;
  std::uint64_t account_seq = 0;
};

// An account's settings.
struct AccountView {
  std::uint64_t account_id = 0;
  std::uint64_t self_trade_group = 0;
  std::uint64_t account_seq = 0;
  AccountLimits limits;
  std::uint32_t taker_fee_ppm = 0;
  std::uint32_t maker_fee_ppm = 0;
  std::uint8_t account_class = 0;
  std::uint8_t fee_tier = 0;
  AccountKind kind = AccountKind::kCash;
  TradingState trading_state = TradingState::kActive;

  bool operator==(const AccountView&) const = default;
};

template <class... Records>
inline constexpr bool kAreFlat = (std::has_unique_object_representations_v<Records> && ...) &&
                                 (std::is_trivially_copyable_v<Records> && ...) && ((sizeof(Records) % 8 == 0) && ...);
static_assert(kAreFlat<OrderView, SpecialView, FillView, BalanceChangeView, PositionChangeView, PreventedMatchView,
                       TradeView, BookChangeView>);
static_assert(sizeof(OrderView) == 168);

}  // namespace exchange::engine
