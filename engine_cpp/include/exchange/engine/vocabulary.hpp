// The closed vocabularies of the contracts, as the core speaks them.
//
// Invariants:
//   1. Every enumerator has the number of its value in `exchange.type.v1`, `exchange.engine.v1` or `exchange.error.v1`.
//   2. Zero is never a meaning: it stands for "unspecified" on the wire, and here for "none" where a field is optional.
#pragma once

#include <cstdint>

namespace exchange::engine {

enum class Side : std::uint8_t { kBuy = 1, kSell = 2 };

enum class OrderType : std::uint8_t {
  kLimit = 1,
  kMarket = 2,
  kStop = 3,
  kStopLimit = 4,
  kTakeProfit = 5,
  kTakeProfitLimit = 6,
  kTrailingStop = 7,
  kPegged = 8,
};

// Does an order of this type wait for a price first? Does it have a limit when it trades?
[[nodiscard]] constexpr bool waits_for_price(OrderType type) noexcept {
  return type >= OrderType::kStop && type <= OrderType::kTrailingStop;
}
[[nodiscard]] constexpr bool has_limit(OrderType type) noexcept {
  return type == OrderType::kLimit || type == OrderType::kStopLimit || type == OrderType::kTakeProfitLimit ||
         type == OrderType::kPegged;
}

enum class TimeInForce : std::uint8_t {
  kGtc = 1,
  kIoc = 2,
  kFok = 3,
  kDay = 4,
  kGtd = 5,
  kAtOpen = 6,
  kAtClose = 7,
};

enum class OrderStatus : std::uint8_t {
  kNew = 1,
  kPartiallyFilled = 2,
  kFilled = 3,
  kCancelled = 4,
  kExpired = 5,
  kRejected = 6,
  kUntriggered = 7,
};

enum class EndReason : std::uint8_t {
  kNone = 0,
  kRequested = 1,
  kSelfTrade = 2,
  kIocRemainder = 3,
  kFokNotFillable = 4,
  kMarketRemainder = 5,
  kTooOld = 6,
  kPriceBand = 7,
  kDayEnded = 8,
  kGtdReached = 9,
  kAuctionRemainder = 10,
  kLinkedOrder = 11,
  kParentCancelled = 12,
  kRiskAtTrigger = 13,
  kReducedAway = 14,
  kMinQuantityNotMet = 15,
  kMassCancel = 16,
  kCancelAllAfter = 17,
  kKillSwitch = 18,
  kLiquidation = 19,
  kAmendedAway = 20,
  kInstrumentExpired = 21,
  kBust = 22,
  kDisconnected = 23,
  kPostOnlyWouldCross = 24,
};

enum class SelfTradePrevention : std::uint8_t {
  kCancelMaker = 1,
  kCancelTaker = 2,
  kCancelBoth = 3,
  kDecrement = 4,
  kNone = 5,
};

enum class Liquidity : std::uint8_t { kMaker = 1, kTaker = 2 };

enum class TriggerReference : std::uint8_t { kDefault = 0, kLast = 1, kMark = 2, kIndex = 3, kBidAsk = 4 };

enum class PegReference : std::uint8_t { kNone = 0, kPrimary = 1, kMarket = 2, kMid = 3 };

enum class LinkType : std::uint8_t { kNone = 0, kOco = 1, kOuo = 2, kOtoPartial = 3, kOtoFull = 4, kBracket = 5 };

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

enum class TradingPhase : std::uint8_t {
  kContinuous = 1,
  kCancelOnly = 2,
  kHalt = 3,
  kClosed = 4,
  kPreOpen = 5,
  kAuction = 6,
  kPostOnly = 7,
};

enum class AuctionKind : std::uint8_t { kNone = 0, kOpening = 1, kClosing = 2, kIntraday = 3 };

enum class InstrumentKind : std::uint8_t {
  kSpot = 1,
  kSecurity = 2,
  kFxMargin = 3,
  kFuture = 4,
  kOption = 5,
  kCommodityMargin = 6,
};

enum class OptionRight : std::uint8_t { kNone = 0, kCall = 1, kPut = 2 };

enum class ExerciseStyle : std::uint8_t { kNone = 0, kAmerican = 1, kEuropean = 2 };

enum class SettlementMethod : std::uint8_t { kCash = 1, kPhysical = 2 };

enum class AccountKind : std::uint8_t { kUnchanged = 0, kCash = 1, kMargin = 2 };

enum class TradingState : std::uint8_t { kUnchanged = 0, kActive = 1, kReducing = 2, kHalted = 3 };

enum class ResponseMode : std::uint8_t { kAck = 1, kResult = 2, kFull = 3 };

enum class TransferDirection : std::uint8_t { kIn = 1, kOut = 2 };

enum class OrderUpdateCause : std::uint8_t {
  kAccepted = 1,
  kFilled = 2,
  kCancelled = 3,
  kExpired = 4,
  kRejected = 5,
  kPrevented = 6,
  kAmended = 7,
  kTriggered = 8,
  kActivated = 9,
  kRestatedPeg = 10,
  kRestatedTrailing = 11,
  kRestatedLink = 12,
  kRestatedReduceOnly = 13,
  kRestatedSlice = 14,
};

enum class BalanceChangeKind : std::uint8_t {
  kTransferIn = 1,
  kTransferOut = 2,
  kTrade = 3,
  kFee = 4,
  kHold = 5,
  kResult = 6,
  kVariation = 7,
  kSwap = 8,
  kExercise = 9,
  kPenalty = 10,
  kInsurance = 11,
  kBust = 12,
  kDelivered = 13,
};

enum class PositionChangeKind : std::uint8_t {
  kTrade = 1,
  kVariation = 2,
  kExpiry = 3,
  kExercise = 4,
  kBust = 5,
  kDeleveraged = 6,
};

enum class MassCancelCause : std::uint8_t {
  kRequested = 1,
  kCancelAllAfter = 2,
  kKillSwitch = 3,
  kLiquidation = 4,
  kBust = 5,
  kDisconnected = 6,
};

enum class CancelAllAfterState : std::uint8_t { kArmed = 1, kDisarmed = 2, kFired = 3 };

enum class DisconnectScope : std::uint8_t { kOff = 1, kSession = 2, kAccount = 3 };

enum class SessionEnd : std::uint8_t { kClosed = 1, kLost = 2 };

enum class SessionState : std::uint8_t { kLive = 1, kLost = 2, kFired = 3, kClosed = 4 };

enum class SessionLoss : std::uint8_t { kNone = 0, kStreamEnded = 1, kSilent = 2, kGateway = 3 };

enum class LiquidationState : std::uint8_t { kStarted = 1, kDeleveraging = 2, kEnded = 3 };

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
  kNotSupported = 225,
  kWouldTriggerImmediately = 226,
  kPriceBand = 227,
  kVersionMismatch = 228,
  kTradingState = 229,
  kPositionLimit = 230,
  kInsufficientMargin = 231,
  kReduceOnlyNoPosition = 232,
  kDisplayQuantityOutOfRange = 233,
  kExpireTimeOutOfRange = 234,
  kOrderSizeLimit = 235,
  kLinkInvalid = 236,
  kUnknownFeeSchedule = 237,
  kRulesVersionUnknown = 238,
  kMinQuantityOutOfRange = 239,
  kTrailingOffsetOutOfRange = 240,
  kNoReferencePrice = 241,
  kAccountKindNotAllowed = 242,
  kInstrumentBusy = 243,
  kUnknownTrade = 244,
  kTradeNotBustable = 245,
  kDateNotAfterLast = 246,
  kExerciseNotAllowed = 247,
  kTimeoutOutOfRange = 248,
  kMarginParametersInvalid = 249,
  kMarginParametersMissing = 250,
  kFeeScheduleInvalid = 251,
  kBatchRefused = 252,
  kSessionNotOpen = 253,
  kSessionOptionsOutOfRange = 254,
  kTooManySessions = 255,
  kUnknownGateway = 256,
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
  kAmendOrder = 8,
  kMassCancel = 9,
  kCancelAllAfter = 10,
  kUpdateInstrument = 11,
  kSetPhase = 12,
  kSetMarkPrice = 13,
  kSetAccount = 14,
  kSetMarginParameters = 15,
  kSetFeeSchedule = 16,
  kSettleFuture = 17,
  kExpireInstrument = 18,
  kExerciseOption = 19,
  kActivateRules = 20,
  kBustTrade = 21,
  kPlaceOrderGroup = 22,
  kPlaceOrders = 23,
  kRollPositions = 24,
  kOpenSession = 25,
  kKeepGateway = 26,
  kEndSession = 27,
  kLeaderChange = 28,
  kSetValueDate = 29,
  kDeliverTrades = 30,
};

// A set of command kinds has bit `1 << kind` for each member.
using CommandKinds = std::uint32_t;

[[nodiscard]] constexpr CommandKinds kind_bit(CommandKind kind) noexcept {
  return CommandKinds{1} << static_cast<unsigned>(kind);
}

inline constexpr auto kLastCommandKind = CommandKind::kDeliverTrades;

inline constexpr CommandKinds kAllCommandKinds = (kind_bit(kLastCommandKind) << 1U) - 2;

}  // namespace exchange::engine
