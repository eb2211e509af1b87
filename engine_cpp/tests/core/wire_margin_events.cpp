// Positions and margins, back from wire bytes.
#include "wire_read.hpp"

namespace exchange::engine::testing {

void read_position(Reader in, PositionChangeView& out) {
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: out.quantity = in.get_sint64(); break;
      case 3: out.cost = in.get_sint64(); break;
      case 4: out.realised = in.get_sint64(); break;
      default: unknown(in);
    }
  }
}

PositionChangeView read_position_changed(Reader in) {
  PositionChangeView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.kind); break;
      case 3: read_position(in.get_message(), out); break;
      case 4: out.change = in.get_sint64(); break;
      case 5: out.result = in.get_sint64(); break;
      case 6: take(in, out.trade_id); break;
      case 7: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

SweepEvent read_sweep(Reader in) {
  SweepEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.view.instrument_id); break;
      case 2: out.view.price = in.get_sint64(); break;
      case 3: take(in, out.view.trading_date); break;
      case 4: take(in, out.view.positions); break;
      case 5: take(in, out.view.done); break;
      default: unknown(in);
    }
  }
  return out;
}

SweepEvent read_positions_rolled(Reader in) {
  SweepEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.view.instrument_id); break;
      case 2: take(in, out.view.trading_date); break;
      case 3: take(in, out.view.positions); break;
      case 4: take(in, out.view.done); break;
      default: unknown(in);
    }
  }
  return out;
}

LiquidationView read_liquidation(Reader in) {
  LiquidationView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.state); break;
      case 3: out.equity = in.get_sint64(); break;
      case 4: take(in, out.maintenance); break;
      case 5: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

OptionExercisedView read_option_exercised(Reader in) {
  OptionExercisedView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.instrument_id); break;
      case 3: take(in, out.quantity); break;
      case 4: take(in, out.assigned); break;
      case 5: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

MarginParametersEvent read_margin_parameters_changed(Reader in) {
  MarginParametersEvent out;
  SetMarginParameters& p = out.parameters;
  if (!in.next(1)) unknown(in);
  Reader message = in.get_message();
  while (message.next()) {
    switch (message.tag()) {
      case 1: take(message, p.instrument_id); break;
      case 2: take(message, p.account_class); break;
      case 3: take(message, p.initial_margin_ppm); break;
      case 4: take(message, p.maintenance_margin_ppm); break;
      case 5: take(message, p.max_leverage); break;
      case 6: take(message, p.liquidation_penalty_ppm); break;
      case 7: take(message, p.short_option_margin); break;
      default: unknown(message);
    }
  }
  return out;
}

}  // namespace exchange::engine::testing
