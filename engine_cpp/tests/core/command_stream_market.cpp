// The part of a stream that changes markets as a whole.
#include "command_stream.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {

std::string CommandStream::change_market() {
  InstrumentDefinition& listing = listings_[static_cast<std::size_t>(one_in(8) ? 3 : below(3))];
  // Markets are mostly open: one that is not soon opens again.
  if (listing.phase != TradingPhase::kContinuous && !one_in(4)) return change_phase(listing);
  switch (below(4)) {
    case 0: return change_phase(listing);
    case 1: return change_terms(listing);
    default: return state_prices(listing);
  }
}

std::string CommandStream::change_phase(InstrumentDefinition& listing) {
  SetPhase command{listing.instrument_id, TradingPhase::kContinuous, AuctionKind::kNone};
  if (listing.phase == TradingPhase::kContinuous || one_in(4)) {
    command.phase = any({TradingPhase::kPostOnly, TradingPhase::kCancelOnly, TradingPhase::kHalt, TradingPhase::kClosed,
                         TradingPhase::kPreOpen, TradingPhase::kAuction, TradingPhase::kAuction});
  }
  if (command.phase == TradingPhase::kAuction) {
    command.auction_kind = any({AuctionKind::kOpening, AuctionKind::kClosing, AuctionKind::kIntraday});
  }
  if (one_in(20)) command.auction_kind = any({AuctionKind::kNone, AuctionKind::kIntraday});
  if (one_in(20)) {
    command.instrument_id = 99;
  } else {
    listing.phase = command.phase;
  }
  return encode(command);
}

std::string CommandStream::state_prices(const InstrumentDefinition& listing) {
  const bool cross = listing.instrument_id == kEthBtc;
  const auto price = [&] { return cross ? 2'990 + below(140) : 9'980 + below(90); };
  SetMarkPrice command{.instrument_id = listing.instrument_id,
                       .has_mark_price = one_in(2),
                       .has_index_price = one_in(3),
                       .has_reference_price = one_in(2),
                       .has_conversion_rate = one_in(6),
                       .mark_price = price(),
                       .index_price = price(),
                       .reference_price = price(),
                       .conversion_rate_ppb = below(3)};
  if (one_in(20)) command.instrument_id = 99;
  if (one_in(20)) command.mark_price = any<std::int64_t>({0, -1, INT64_MAX, INT64_MIN});
  if (one_in(20)) command.reference_price = any<std::int64_t>({1, 1'000'000'000'000'000'000, INT64_MAX});
  return encode(command);
}

std::string CommandStream::change_terms(InstrumentDefinition& listing) {
  InstrumentDefinition changed = listing;
  switch (below(9)) {
    case 0: changed.price_scale += 1; return encode(UpdateInstrument{&changed});
    case 1: changed.phase = TradingPhase::kHalt; return encode(UpdateInstrument{&changed});
    case 2: changed.symbol = any<std::string_view>({"BTC-KK99", "-"}); return encode(UpdateInstrument{&changed});
    case 3: changed.max_quantity = changed.lot * (20 + below(2'000)); break;
    case 4: changed.terms.static_band_bps = any<std::uint32_t>({0, 20, 40, 10'000, 10'001}); break;
    case 5: changed.terms.dynamic_band_bps = any<std::uint32_t>({0, 10, 20, 300}); break;
    case 6: changed.tick = listing.tick == btc_kk99().tick ? 10 : btc_kk99().tick; break;
    case 7: changed.terms.fee_schedule_id = any<std::uint32_t>({0, 1, 1, 2, 9}); break;
    default: changed.market_protection_bps = any<std::uint32_t>({50, 500, 10'000}); break;
  }
  const bool busy = changed.tick != listing.tick && listing.phase != TradingPhase::kClosed;
  if (!busy && changed.terms.static_band_bps <= 10'000) {
    // Schedules 1 and 2 are soon there, 9 never.
    if (changed.tick == listing.tick && changed.terms.fee_schedule_id != 9) listing = changed;
  }
  return encode(UpdateInstrument{&changed});
}

}  // namespace exchange::engine::testing
