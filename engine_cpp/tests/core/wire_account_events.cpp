// What is told of accounts and fee schedules, and of what cancels all, back from wire bytes.
#include "wire_read.hpp"

namespace exchange::engine::testing {
namespace {

AccountLimits read_limits(Reader in) {
  AccountLimits out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.max_order_lots); break;
      case 2: take(in, out.max_order_notional); break;
      case 3: take(in, out.max_open_orders); break;
      case 4: take(in, out.max_position_lots); break;
      default: unknown(in);
    }
  }
  return out;
}

FeeTier read_tier(Reader in) {
  FeeTier out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.fee_tier); break;
      case 2: out.taker_fee_ppm = in.get_sint32(); break;
      case 3: out.maker_fee_ppm = in.get_sint32(); break;
      default: unknown(in);
    }
  }
  return out;
}

OrderFilterView read_filter(Reader in) {
  OrderFilterView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); out.has_instrument = true; break;
      case 2: take(in, out.side); break;
      case 3: take(in, out.session_id); out.has_session = true; break;
      case 4: take(in, out.tag); out.has_tag = true; break;
      default: unknown(in);
    }
  }
  return out;
}

}  // namespace

AccountView read_account_updated(Reader in) {
  AccountView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.self_trade_group); break;
      case 3: out.account_class = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 4: take(in, out.kind); break;
      case 5: take(in, out.trading_state); break;
      case 6: out.limits = read_limits(in.get_message()); break;
      case 7: out.fee_tier = static_cast<std::uint8_t>(in.get_uint32()); break;
      case 8: take(in, out.taker_fee_ppm); break;
      case 9: take(in, out.maker_fee_ppm); break;
      case 10: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

FeeScheduleEvent read_fee_schedule_changed(Reader in) {
  FeeScheduleEvent out;
  if (!in.next(1)) unknown(in);
  Reader schedule = in.get_message();
  while (schedule.next()) {
    switch (schedule.tag()) {
      case 1: take(schedule, out.fee_schedule_id); break;
      case 2: out.tiers.push_back(read_tier(schedule.get_message())); break;
      default: unknown(schedule);
    }
  }
  return out;
}

SessionView read_session_changed(Reader in) {
  SessionView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.session_id); break;
      case 3: take(in, out.epoch); break;
      case 4: take(in, out.state); break;
      case 5: take(in, out.due_time_ns); break;
      case 6: take(in, out.loss); break;
      case 7: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

MassCancelDoneView read_mass_cancel_done(Reader in) {
  MassCancelDoneView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.mass_cancel_id); break;
      case 3: take(in, out.cause); break;
      case 4: take(in, out.count); break;
      case 5: take(in, out.account_seq); break;
      case 6: out.filter = read_filter(in.get_message()); break;
      default: unknown(in);
    }
  }
  return out;
}

CancelAllAfterView read_cancel_all_after_changed(Reader in) {
  CancelAllAfterView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.state); break;
      case 3: take(in, out.due_time_ns); break;
      case 4: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

}  // namespace exchange::engine::testing
