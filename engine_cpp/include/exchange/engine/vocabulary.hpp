// The closed vocabularies of the contracts, as the core speaks them.
//
// Invariants:
//   1. Every enumerator has the number of its value in `exchange.type.v1`, `exchange.engine.v1` or `exchange.error.v1`.
//   2. Zero is never a meaning: it stands for "unspecified" on the wire, and here for "none" where a field is optional.
#pragma once

#include <cstdint>

namespace exchange::engine {

enum class Side : std::uint8_t { kBuy = 1, kSell = 2 };

enum class OrderType : std::uint8_t { kLimit = 1, kMarket = 2 };

enum class TimeInForce : std::uint8_t { kGtc = 1, kIoc = 2, kFok = 3 };

enum class OrderStatus : std::uint8_t {
  kNew = 1,
  kPartiallyFilled = 2,
  kFilled = 3,
  kCancelled = 4,
  kExpired = 5,
  kRejected = 6,
};

enum class EndReason : std::uint8_t {
  kNone = 0,
  kRequested = 1,
  kSelfTrade = 2,
  kIocRemainder = 3,
  kFokNotFillable = 4,
  kMarketRemainder = 5,
  kTooOld = 6,
};

enum class SelfTradePrevention : std::uint8_t {
  kCancelMaker = 1,
  kCancelTaker = 2,
  kCancelBoth = 3,
  kDecrement = 4,
};

enum class Liquidity : std::uint8_t { kMaker = 1, kTaker = 2 };

enum class AssetClass : std::uint8_t {
  kCrypto = 1,
  kFx = 2,
  kEquity = 3,
  kEtf = 4,
  kBond = 5,
  kOption = 6,
  kFuture = 7,
  kCommodity = 8,
};

enum class TradingPhase : std::uint8_t { kContinuous = 1, kCancelOnly = 2, kHalt = 3, kClosed = 4 };

enum class TransferDirection : std::uint8_t { kIn = 1, kOut = 2 };

enum class OrderUpdateCause : std::uint8_t {
  kAccepted = 1,
  kFilled = 2,
  kCancelled = 3,
  kExpired = 4,
  kRejected = 5,
  kPrevented = 6,
};

enum class BalanceChangeKind : std::uint8_t { kTransferIn = 1, kTransferOut = 2, kTrade = 3, kFee = 4, kHold = 5 };

// The refusals of `exchange.error.v1.Reason` that the core gives.
enum class Reason : std::uint16_t {
  kNone = 0,
  kInvalidField = 1,
  kCallerNotAllowed = 6,
  kUnknownAccount = 200,
  kClientOrderIdReused = 201,
  kIdempotencyWindowFull = 202,
  kRequestExpired = 203,
  kValidUntilTooFar = 204,
  kUnknownInstrument = 205,
  kPhaseNotAllowed = 206,
  kPriceNotOnTick = 207,
  kQuantityNotOnLot = 208,
  kPriceOutOfRange = 209,
  kQuantityOutOfRange = 210,
  kNotionalOutOfRange = 211,
  kTooManyOpenOrders = 212,
  kInsufficientFunds = 213,
  kNoLiquidity = 214,
  kPostOnlyWouldCross = 215,
  kOrderNotFound = 216,
  kOrderNotOpen = 217,
  kOrderFieldsConflict = 218,
  kEngineFull = 219,
  kMalformedCommand = 220,
  kInstrumentConflict = 221,
  kInstrumentInvalid = 222,
  kAccountConflict = 224,
  kTransferSequenceGap = 300,
  kTransferInsufficient = 301,
  kUnknownAsset = 302,
  kRequestIdReused = 303,
  kAmountOutOfRange = 304,
};

// The commands by the field numbers of `exchange.engine.v1.Command`.
enum class CommandKind : std::uint8_t {
  kPlaceOrder = 1,
  kCancelOrder = 2,
  kTransferIn = 3,
  kTransferOut = 4,
  kOpenAccount = 5,
  kCreateInstrument = 6,
  kTick = 7,
};

// A set of command kinds has bit `1 << kind` for each member.
using CommandKinds = std::uint32_t;

[[nodiscard]] constexpr CommandKinds kind_bit(CommandKind kind) noexcept {
  return CommandKinds{1} << static_cast<unsigned>(kind);
}

inline constexpr CommandKinds kAllCommandKinds = 0b1111'1110;

}  // namespace exchange::engine
