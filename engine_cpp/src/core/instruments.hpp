// What can be owned and what can be traded: reference data that both halves read.
//
// Invariants:
//   1. An instrument satisfies the listing rules for life: tick * lot * multiplier is a whole number of quote units, so
//      every notional on the grid is exact; the largest order of each side fits kMaxAmount.
//   2. An asset has one id, one symbol and one scale in all instruments. Nothing is ever removed: slots are stable and
//      run in order of listing.
//
// Threads: none; owned by one Core.
#pragma once

#include <cstdint>

#include "exchange/engine/command.hpp"
#include "exchange/engine/vocabulary.hpp"
#include "fees.hpp"
#include "margin_parameters.hpp"
#include "market_views.hpp"
#include "money.hpp"
#include "pool.hpp"
#include "state.hpp"
#include "text.hpp"

namespace exchange::engine {

using AssetSymbol = ShortText<12>;
using InstrumentSymbol = ShortText<32>;

// What the exchange settles in.
inline constexpr std::string_view kSettlementUnit = "KK99";

struct Asset {
  std::uint32_t asset_id = 0;
  std::uint32_t scale = 0;
  AssetSymbol symbol;

  [[nodiscard]] AssetDefinition definition() const noexcept { return {asset_id, symbol.view(), scale}; }
};

// What an order is checked against lies in the first lines of memory.
struct alignas(64) Instrument {
  std::uint32_t instrument_id = 0;
  Slot base = kNil;
  Slot quote = kNil;
  Slot fee_schedule = kNil;  // kNil: each account's own fees
  TradingPhase phase{};
  bool has_static_band = false;   // and a reference price to measure it from
  bool has_dynamic_band = false;
  bool delayed = false;           // settles after the trade, under a value date
  bool on_margin = false;         // traded against collateral; its price may be below zero
  AuctionKind auction_kind{};     // of the phase AUCTION
  AuctionKind collected_for{};    // the auction that orders have collected for since they last matched
  AssetClass asset_class{};
  Divisor by_tick;
  std::int64_t min_quantity = 0;
  std::int64_t max_quantity = 0;

  Divisor by_lot;
  std::int64_t min_notional = 0;
  std::int64_t max_notional = 0;
  std::int64_t notional_divisor = 1;  // price * quantity / divisor * factor is in quote units; they share no divisor
  std::int64_t notional_factor = 1;
  std::int64_t max_product = kMaxAmount;  // largest that the factor keeps within kMaxAmount

  std::int64_t base_factor = 1;  // base units of one unit of quantity
  std::int64_t tick = 0;
  std::int64_t lot = 0;
  std::uint32_t price_scale = 0;
  std::uint32_t quantity_scale = 0;
  std::uint32_t market_protection_bps = 0;
  std::uint64_t listed_seq = 0;
  InstrumentSymbol symbol;
  InstrumentTerms terms{};
  StatedPrices prices;

  // Do orders rest without matching, whatever their prices?
  [[nodiscard]] bool collects() const noexcept {
    return phase == TradingPhase::kPreOpen || phase == TradingPhase::kAuction;
  }

  // Does it match now, paid in full, and without a band?
  [[nodiscard]] bool is_plain() const noexcept {
    return phase == TradingPhase::kContinuous && !has_static_band && !has_dynamic_band && !on_margin && !delayed;
  }

  // Exact on the grid, and of a price below zero as of one above; kMaxAmount + 1 for anything larger than kMaxAmount.
  [[nodiscard]] std::int64_t notional(std::int64_t signed_price, std::int64_t quantity) const noexcept {
    assert(quantity >= 0);
    const std::int64_t price = signed_price < 0 ? -signed_price : signed_price;
    std::int64_t product = 0;
    if (notional_divisor == 1 && !__builtin_mul_overflow(price, quantity, &product)) {
      return product > max_product ? kMaxAmount + 1 : product * notional_factor;
    }
    const Int128 whole = Int128{price} * quantity / notional_divisor;
    return whole > max_product ? kMaxAmount + 1 : static_cast<std::int64_t>(whole) * notional_factor;
  }

  // The lowest price that an order, a trigger or a statement may name.
  [[nodiscard]] std::int64_t min_price() const noexcept { return on_margin ? -kMaxPrice : 1; }
  [[nodiscard]] bool is_price(std::int64_t price) const noexcept { return price >= min_price() && price <= kMaxPrice; }

  [[nodiscard]] std::int64_t base_amount(std::int64_t quantity) const noexcept { return quantity * base_factor; }
};

// Is an instrument of this kind traded against collateral?
[[nodiscard]] constexpr bool is_on_margin(InstrumentKind kind) noexcept {
  return kind >= InstrumentKind::kFxMargin && kind <= InstrumentKind::kCommodityMargin;
}

// Does the core act on all that these terms of an instrument on margin say?
[[nodiscard]] bool has_supported_margin_terms(const InstrumentTerms& terms) noexcept;
// Has the instrument the terms of its kind, and none of another?
[[nodiscard]] bool has_kind_terms(const InstrumentDefinition& definition) noexcept;

// kInstrumentInvalid if the definition breaks a listing rule by itself.
[[nodiscard]] Reason check_listing(const InstrumentDefinition& definition) noexcept;

class Instruments {
 public:
  static constexpr std::size_t kCheckedLines = 3;  // of an instrument: what most orders look at

  Instruments(std::uint32_t instruments, std::uint32_t assets);

  struct Listed {
    Reason reason = Reason::kNone;
    Slot slot = kNil;
    bool repeated = false;  // the same instrument was there already
  };
  [[nodiscard]] Listed list(const InstrumentDefinition& definition, std::uint64_t engine_seq) noexcept;

  // May the instrument become as `definition` says? `is_idle` says that it is CLOSED with an empty book.
  [[nodiscard]] Reason check_update(Slot slot, const InstrumentDefinition& definition, bool is_idle) const noexcept;
  // Takes what `check_update` let pass.
  void update(Slot slot, const InstrumentDefinition& definition) noexcept;
  void set_phase(Slot slot, TradingPhase phase, AuctionKind auction_kind) noexcept;
  // The orders of the instrument match again: none collect for an auction.
  void end_collection(Slot slot) noexcept { instruments_[slot].collected_for = AuctionKind::kNone; }
  void set_prices(Slot slot, const StatedPrices& prices) noexcept;

  [[nodiscard]] FeeSchedules::Outcome set_fees(const SetFeeSchedule& command) noexcept {
    return fees_.set(command, ruinous_fee_ppm(command.fee_schedule_id));
  }
  [[nodiscard]] const FeeSchedules& fees() const noexcept { return fees_; }

  // What margin the instrument asks; true in `changed` if that is new.
  [[nodiscard]] FeeSchedules::Outcome set_margin(const SetMarginParameters& command) noexcept;
  [[nodiscard]] const MarginParameters& margin() const noexcept { return margin_; }

  [[nodiscard]] Slot find(std::uint32_t instrument_id) const noexcept;
  [[nodiscard]] Slot find_asset(std::uint32_t asset_id) const noexcept;
  // What results and margins are counted in; kNil before an instrument names it.
  [[nodiscard]] Slot settlement_asset() const noexcept { return settlement_asset_; }
  [[nodiscard]] const Instrument& operator[](Slot slot) const noexcept { return instruments_[slot]; }
  void prefetch(Slot slot) const noexcept {
    const auto* const instrument = static_cast<const char*>(instruments_.place(slot));
    for (std::size_t line = 0; line < kCheckedLines; ++line) __builtin_prefetch(instrument + 64 * line);
  }
  [[nodiscard]] const Asset& asset(Slot slot) const noexcept { return assets_[slot]; }
  [[nodiscard]] InstrumentDefinition definition(Slot slot) const noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept { return instruments_.size(); }
  // How many are in an auction now.
  [[nodiscard]] std::uint32_t auctions() const noexcept { return auctions_; }
  [[nodiscard]] std::uint32_t assets() const noexcept { return assets_.size(); }

  void save(StateWriter& out) const;
  [[nodiscard]] bool load(StateReader& in);

 private:
  [[nodiscard]] Reason check_conflicts(const InstrumentDefinition& definition) const noexcept;
  // Is all that it builds on there: the settlement unit, an option's underlying?
  [[nodiscard]] bool has_relations(const InstrumentDefinition& definition) const noexcept;
  [[nodiscard]] bool conflicts(const AssetDefinition& definition) const noexcept;
  [[nodiscard]] Slot enter(const AssetDefinition& definition) noexcept;
  [[nodiscard]] bool has_room(const InstrumentDefinition& definition) const noexcept;
  [[nodiscard]] Slot enter(const InstrumentDefinition& definition, std::uint64_t engine_seq) noexcept;
  [[nodiscard]] bool has_schedule(const InstrumentDefinition& definition) const noexcept;
  void take_terms(Instrument& instrument, const InstrumentDefinition& definition) noexcept;
  [[nodiscard]] bool load_market(StateReader& in, Slot slot);
  [[nodiscard]] bool load_margin(StateReader& in);
  // The smallest fee that eats the margin of an instrument with this schedule.
  [[nodiscard]] std::int32_t ruinous_fee_ppm(std::uint32_t fee_schedule_id) const noexcept;

  FeeSchedules fees_;
  MarginParameters margin_;
  Pool<Asset> assets_;
  Pool<Instrument> instruments_;
  SlotTable by_id_;
  std::uint32_t auctions_ = 0;
  Slot settlement_asset_ = kNil;
};

}  // namespace exchange::engine
