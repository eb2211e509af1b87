// What becomes of trades after they were made, back from wire bytes.
#include "wire_read.hpp"

namespace exchange::engine::testing {

ValueDateEvent read_value_date_changed(Reader in) {
  ValueDateEvent out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.instrument_id); break;
      case 2: take(in, out.value_date); break;
      default: unknown(in);
    }
  }
  return out;
}

UnsettledDeliveredView read_unsettled_delivered(Reader in) {
  UnsettledDeliveredView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.account_id); break;
      case 2: take(in, out.instrument_id); break;
      case 3: take(in, out.value_date); break;
      case 4: take(in, out.base_asset_id); break;
      case 5: out.base_amount = in.get_sint64(); break;
      case 6: take(in, out.quote_asset_id); break;
      case 7: out.quote_amount = in.get_sint64(); break;
      case 8: take(in, out.account_seq); break;
      default: unknown(in);
    }
  }
  return out;
}

TradeBustedEvent read_trade_busted(Reader in) {
  TradeBustedEvent out;
  TradeBustedView& v = out.view;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, v.trade_id); break;
      case 2: take(in, v.instrument_id); break;
      case 3: take(in, out.insured_amount); break;
      case 4: take(in, v.maker_account_id); break;
      case 5: take(in, v.taker_account_id); break;
      case 6: take(in, v.maker_owes_quote); break;
      case 7: take(in, v.maker_owes_base); break;
      case 8: take(in, v.taker_owes_quote); break;
      case 9: take(in, v.taker_owes_base); break;
      default: unknown(in);
    }
  }
  return out;
}

}  // namespace exchange::engine::testing
