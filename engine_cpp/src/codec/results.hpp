// The engine's answers written as the client's results.
//
// Invariants:
//   1. An order and a fill come to the same messages as `services/orders/convert/messages.py` makes of them.
//   2. An instrument of which nothing is known yet has no decimals to write: numbers of its orders are left out.
//
// Threads: none; a writer belongs to one batch.
#pragma once

#include <cstdint>
#include <string_view>

#include "exchange/codec/instruments.hpp"
#include "exchange/codec/reasons.hpp"
#include "exchange/engine/vocabulary.hpp"
#include "wire_writer.hpp"

namespace exchange::codec {

inline constexpr engine::WireWriter::Field kBatchOfResponse = 2;
inline constexpr engine::WireWriter::Field kTurnOfResponse = 6;
inline constexpr std::uint32_t kOrdersOfResult = 14;

// Fields of a `CommandResult`, and the reason of an `OrderResult`; zero if it cannot be read.
[[nodiscard]] engine::Reason reason_of_result(std::string_view result);
[[nodiscard]] engine::Reason reason_of_order(std::string_view result);
[[nodiscard]] std::uint64_t engine_seq_of(std::string_view result);

class ResultWriter {
 public:
  ResultWriter(engine::ByteBuffer& out, const Instruments& instruments, const ReasonNames& names,
               engine::ResponseMode mode) noexcept
      : buffer_(out), out_(out), instruments_(instruments), names_(names), mode_(mode) {}

  // The fields of an `OrderItemResult` from a `CommandResult`; `instrument` is the request's, nullptr if it names none.
  void put(std::string_view result, const Instrument* instrument);
  // The same from the `CommandResult` of several orders and the `OrderResult` of one of them, which may be empty.
  void put_one_together(std::string_view result, std::string_view order, const Instrument* instrument);

 private:
  struct Head;
  struct Standing;

  void put_head(const Head& head, engine::Reason reason);
  void put_standing(const Standing& standing, const Instrument* instrument);
  void put_leg(std::string_view result, const Head& head, const Instrument* instrument);
  void put_order_result(std::string_view result, const Instrument* instrument);
  void put_order(engine::WireWriter::Field field, std::string_view order, const Instrument*& instrument);
  void put_fill(engine::WireWriter::Field field, std::string_view fill, const Instrument& instrument);
  void put_number(engine::WireWriter::Field field, std::uint64_t number);
  void put_decimal(engine::WireWriter::Field field, std::int64_t units, unsigned scale);
  void put_moment(engine::WireWriter::Field field, std::int64_t ns);

  engine::ByteBuffer& buffer_;
  engine::WireWriter out_;
  const Instruments& instruments_;
  const ReasonNames& names_;
  engine::ResponseMode mode_;
};

}  // namespace exchange::codec
