// Reads fields of protobuf messages into the core's records; a field that it does not know is a failure.
#pragma once

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "wire.hpp"

namespace exchange::engine::testing {

using Reader = protozero::pbf_reader;

inline void take(Reader& in, std::uint64_t& value) { value = in.get_uint64(); }
inline void take(Reader& in, std::uint32_t& value) { value = in.get_uint32(); }
inline void take(Reader& in, std::int64_t& value) { value = in.get_int64(); }
inline void take(Reader& in, bool& value) { value = in.get_bool(); }
template <class Enum>
  requires std::is_enum_v<Enum>
void take(Reader& in, Enum& value) {
  value = static_cast<Enum>(in.get_enum());
}

[[noreturn]] inline void unknown(const Reader& in) {
  throw std::runtime_error("unknown field " + std::to_string(in.tag()));
}

[[nodiscard]] AccountView read_account_updated(Reader in);
void read_position(Reader in, PositionChangeView& out);
[[nodiscard]] PositionChangeView read_position_changed(Reader in);
[[nodiscard]] SweepEvent read_sweep(Reader in);
[[nodiscard]] SweepEvent read_positions_rolled(Reader in);
[[nodiscard]] OptionExercisedView read_option_exercised(Reader in);
[[nodiscard]] ValueDateEvent read_value_date_changed(Reader in);
[[nodiscard]] UnsettledDeliveredView read_unsettled_delivered(Reader in);
[[nodiscard]] TradeBustedEvent read_trade_busted(Reader in);
[[nodiscard]] LiquidationView read_liquidation(Reader in);
[[nodiscard]] MarginParametersEvent read_margin_parameters_changed(Reader in);
[[nodiscard]] FeeScheduleEvent read_fee_schedule_changed(Reader in);
[[nodiscard]] SessionView read_session_changed(Reader in);
[[nodiscard]] MassCancelDoneView read_mass_cancel_done(Reader in);
[[nodiscard]] CancelAllAfterView read_cancel_all_after_changed(Reader in);

inline OrderCostView read_cost(Reader in) {
  OrderCostView out;
  while (in.next()) {
    switch (in.tag()) {
      case 1: take(in, out.asset_id); break;
      case 2: out.worst_price = in.get_sint64(); break;
      case 3: take(in, out.notional); break;
      case 4: take(in, out.worst_fee); break;
      case 5: take(in, out.required); break;
      case 6: take(in, out.available); break;
      default: unknown(in);
    }
  }
  return out;
}

}  // namespace exchange::engine::testing
