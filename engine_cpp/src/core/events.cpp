// The rare events: kept serialized, since nobody waits for their speed.
#include "events.hpp"

#include "encode.hpp"

namespace exchange::engine {
namespace {

constexpr WireWriter::Field kInstrumentUpdated = 1;
constexpr WireWriter::Field kAccountOpened = 2;
constexpr WireWriter::Field kTransferUpdated = 3;
constexpr WireWriter::Field kAccountUpdated = 13;
constexpr WireWriter::Field kVariationSettled = 16;
constexpr WireWriter::Field kTradeBusted = 17;
constexpr WireWriter::Field kMarginParametersChanged = 18;
constexpr WireWriter::Field kInstrumentExpired = 22;
constexpr WireWriter::Field kOptionExercised = 23;
constexpr WireWriter::Field kPositionsRolled = 26;
constexpr WireWriter::Field kFeeScheduleChanged = 19;
constexpr WireWriter::Field kMassCancelDone = 10;
constexpr WireWriter::Field kAuctionUpdated = 14;
constexpr WireWriter::Field kAuctionUncrossed = 15;
constexpr WireWriter::Field kCancelAllAfterChanged = 21;
constexpr WireWriter::Field kLiquidationChanged = 24;
constexpr WireWriter::Field kSelfTradeUncrossed = 25;
constexpr WireWriter::Field kValueDateChanged = 28;
constexpr WireWriter::Field kTradesDelivered = 29;
constexpr WireWriter::Field kUnsettledDelivered = 30;

void write_filter(WireWriter& body, const OrderFilterView& f) {
  if (f.has_instrument) body.put_present(1, f.instrument_id);
  body.put(2, f.side);
  if (f.has_session) body.put_present(3, f.session_id);
  if (f.has_tag) body.put_present(4, f.tag);
}

// A settlement or an expiry.
void write_sweep(WireWriter& body, const SweepView& s) {
  body.put(1, s.instrument_id);
  body.put_signed(2, s.price);
  body.put(3, s.trading_date);
  body.put(4, s.positions);
  body.put(5, s.done);
}

// A roll or a delivery.
void write_unpriced(WireWriter& body, const SweepView& s) {
  body.put(1, s.instrument_id);
  body.put(2, s.trading_date);
  body.put(3, s.positions);
  body.put(4, s.done);
}

void write_auction(WireWriter& body, std::uint32_t instrument_id, AuctionKind kind, const AuctionView& view) {
  body.put(1, instrument_id);
  body.put(2, kind);
  if (view.price) body.put_signed_present(3, *view.price);
  body.put(4, view.quantity);
  body.put_signed(5, view.imbalance);
}
constexpr WireWriter::Field kSessionChanged = 27;
constexpr WireWriter::Field kPhaseChanged = 11;
constexpr WireWriter::Field kMarkPriceChanged = 12;

}  // namespace

template <class Write>
void EventWriter::put_serialized(std::uint32_t kind, Write write) {
  ByteBuffer event;
  WireWriter(event).message(kind, write);
  const std::size_t padded = (event.size() + 7) / 8 * 8;
  const std::size_t bytes = sizeof(EventHead) + padded;
  assert(bytes <= UINT16_MAX);
  char* const at = extend(bytes);
  const EventHead head{EventKind::kSerialized, static_cast<std::uint16_t>(bytes),
                       static_cast<std::uint32_t>(event.size())};
  std::memcpy(at, &head, sizeof head);
  std::memcpy(at + sizeof head, event.view().data(), event.size());
  std::memset(at + sizeof head + event.size(), 0, padded - event.size());
}

void EventWriter::instrument_updated(const InstrumentDefinition& instrument) {
  put_serialized(kInstrumentUpdated, [&](WireWriter& body) {
    body.message(1, [&](WireWriter& message) { write_instrument(message, instrument); });
  });
}

void EventWriter::account_opened(const OpenAccount& account) {
  put_serialized(kAccountOpened, [&](WireWriter& body) {
    body.put(1, account.account_id);
    body.put(2, account.self_trade_group_id);
    body.put(3, account.taker_fee_ppm);
    body.put(4, account.maker_fee_ppm);
  });
}

void EventWriter::transfer_updated(const Transfer& transfer, Reason reason) {
  put_serialized(kTransferUpdated, [&](WireWriter& body) {
    body.put(1, transfer.transfer_seq);
    body.put(2, transfer.direction);
    body.put(3, transfer.account_id);
    body.put(4, transfer.asset_id);
    body.put(5, transfer.amount);
    body.put(6, reason);
  });
}

void EventWriter::account_updated(const AccountView& account) {
  put_serialized(kAccountUpdated, [&](WireWriter& body) { write_account(body, account); });
}

void EventWriter::fee_schedule_changed(const SetFeeSchedule& schedule) {
  put_serialized(kFeeScheduleChanged, [&](WireWriter& body) {
    body.message(1, [&](WireWriter& message) {
      message.put(1, schedule.fee_schedule_id);
      for (const FeeTier& tier : schedule.tiers) {
        message.message(2, [&](WireWriter& one) {
          one.put(1, tier.fee_tier);
          one.put_signed(2, tier.taker_fee_ppm);
          one.put_signed(3, tier.maker_fee_ppm);
        });
      }
    });
  });
}

void EventWriter::variation_settled(const SweepView& s) {
  put_serialized(kVariationSettled, [&](WireWriter& body) { write_sweep(body, s); });
}

void EventWriter::instrument_expired(const SweepView& s) {
  put_serialized(kInstrumentExpired, [&](WireWriter& body) { write_sweep(body, s); });
}

void EventWriter::positions_rolled(const SweepView& s) {
  put_serialized(kPositionsRolled, [&](WireWriter& body) { write_unpriced(body, s); });
}

void EventWriter::trades_delivered(const SweepView& s) {
  put_serialized(kTradesDelivered, [&](WireWriter& body) { write_unpriced(body, s); });
}

void EventWriter::value_date_changed(std::uint32_t instrument_id, std::uint32_t value_date) {
  put_serialized(kValueDateChanged, [&](WireWriter& body) {
    body.put(1, instrument_id);
    body.put(2, value_date);
  });
}

void EventWriter::unsettled_delivered(const UnsettledDeliveredView& d) {
  put_serialized(kUnsettledDelivered, [&](WireWriter& body) {
    body.put(1, d.account_id);
    body.put(2, d.instrument_id);
    body.put(3, d.value_date);
    body.put(4, d.base_asset_id);
    body.put_signed(5, d.base_amount);
    body.put(6, d.quote_asset_id);
    body.put_signed(7, d.quote_amount);
    body.put(8, d.account_seq);
  });
}

void EventWriter::option_exercised(const OptionExercisedView& e) {
  put_serialized(kOptionExercised, [&](WireWriter& body) {
    body.put(1, e.account_id);
    body.put(2, e.instrument_id);
    body.put(3, e.quantity);
    body.put(4, e.assigned);
    body.put(5, e.account_seq);
  });
}

void EventWriter::trade_busted(const TradeBustedView& b) {
  put_serialized(kTradeBusted, [&](WireWriter& body) {
    body.put(1, b.trade_id);
    body.put(2, b.instrument_id);
    body.put(3, b.maker_owes_quote + b.taker_owes_quote);
    body.put(4, b.maker_account_id);
    body.put(5, b.taker_account_id);
    body.put(6, b.maker_owes_quote);
    body.put(7, b.maker_owes_base);
    body.put(8, b.taker_owes_quote);
    body.put(9, b.taker_owes_base);
  });
}

void EventWriter::liquidation_changed(const LiquidationView& l) {
  put_serialized(kLiquidationChanged, [&](WireWriter& body) {
    body.put(1, l.account_id);
    body.put(2, l.state);
    body.put_signed(3, l.equity);
    body.put(4, l.maintenance);
    body.put(5, l.account_seq);
  });
}

void EventWriter::margin_parameters_changed(const SetMarginParameters& p) {
  put_serialized(kMarginParametersChanged, [&](WireWriter& body) {
    body.message(1, [&](WireWriter& message) {
      message.put(1, p.instrument_id);
      message.put(2, p.account_class);
      message.put(3, p.initial_margin_ppm);
      message.put(4, p.maintenance_margin_ppm);
      message.put(5, p.max_leverage);
      message.put(6, p.liquidation_penalty_ppm);
      message.put(7, p.short_option_margin);
    });
  });
}

void EventWriter::mass_cancel_done(const MassCancelDoneView& done) {
  put_serialized(kMassCancelDone, [&](WireWriter& body) {
    body.put(1, done.account_id);
    body.put(2, done.mass_cancel_id);
    body.put(3, done.cause);
    body.put(4, done.count);
    body.put(5, done.account_seq);
    body.message(6, [&](WireWriter& filter) { write_filter(filter, done.filter); });
  });
}

void EventWriter::cancel_all_after_changed(const CancelAllAfterView& change) {
  put_serialized(kCancelAllAfterChanged, [&](WireWriter& body) {
    body.put(1, change.account_id);
    body.put(2, change.state);
    body.put(3, change.due_time_ns);
    body.put(4, change.account_seq);
  });
}

void EventWriter::session_changed(const SessionView& session) {
  put_serialized(kSessionChanged, [&](WireWriter& body) {
    body.put(1, session.account_id);
    body.put(2, session.session_id);
    body.put(3, session.epoch);
    body.put(4, session.state);
    body.put(5, session.due_time_ns);
    body.put(6, session.loss);
    body.put(7, session.account_seq);
  });
}

void EventWriter::phase_changed(const PhaseChangeView& change) {
  put_serialized(kPhaseChanged, [&](WireWriter& body) {
    body.put(1, change.instrument_id);
    body.put(2, change.previous);
    body.put(3, change.phase);
    body.put(4, change.auction_kind);
  });
}

void EventWriter::mark_price_changed(std::uint32_t instrument_id, const StatedPrices& prices) {
  put_serialized(kMarkPriceChanged, [&](WireWriter& body) { write_prices(body, instrument_id, prices); });
}

void EventWriter::auction_updated(std::uint32_t instrument_id, AuctionKind kind, const AuctionView& view) {
  put_serialized(kAuctionUpdated, [&](WireWriter& body) { write_auction(body, instrument_id, kind, view); });
}

void EventWriter::auction_uncrossed(std::uint32_t instrument_id, AuctionKind kind, const AuctionView& view) {
  put_serialized(kAuctionUncrossed, [&](WireWriter& body) { write_auction(body, instrument_id, kind, view); });
}

void EventWriter::self_trade_uncrossed(std::uint64_t trade_id, std::uint32_t instrument_id, std::uint64_t group) {
  put_serialized(kSelfTradeUncrossed, [&](WireWriter& body) {
    body.put(1, trade_id);
    body.put(2, instrument_id);
    body.put(3, group);
  });
}

}  // namespace exchange::engine
