// The Python module `services.orders._codec`: all of order entry's codec that knows pybind11.
//
// Bytes cross the border as they are, without a copy on the way in. Reading and writing a batch drop the interpreter's
// lock. Types and meanings: `_codec.pyi` beside it.
#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "exchange/codec/batch.hpp"

namespace py = pybind11;
using exchange::codec::Asker;
using exchange::codec::Batch;
using exchange::codec::BatchFault;
using exchange::codec::Instruments;
using exchange::codec::ItemKind;
using exchange::codec::MessageKind;
using exchange::codec::ReasonNames;
using exchange::codec::RefusedItem;
using exchange::codec::Setting;
using exchange::codec::Turn;

namespace {

std::string_view view_of(const py::bytes& bytes) {
  char* data = nullptr;
  py::ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.ptr(), &data, &size) != 0) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

class Codec {
 public:
  Codec(const std::vector<std::pair<std::uint32_t, std::string>>& names, std::string otherwise)
      : names_(names, std::move(otherwise)) {}

  void know(std::uint32_t instrument_id, std::string symbol, unsigned price_scale, unsigned quantity_scale,
            unsigned quote_scale) {
    const unsigned most = exchange::codec::kMaxScale;
    if (price_scale > most || quantity_scale > most || quote_scale > most) throw py::value_error("no such scale");
    instruments_.know({instrument_id, std::move(symbol), price_scale, quantity_scale, quote_scale});
  }

  [[nodiscard]] const Instruments& instruments() const { return instruments_; }
  [[nodiscard]] const ReasonNames& names() const { return names_; }

 private:
  Instruments instruments_;
  ReasonNames names_;
};

// A batch with the bytes that its views lead into.
class HeldBatch {
 public:
  HeldBatch(const Codec& codec, py::bytes body, const Asker& asker)
      : codec_(codec), body_(std::move(body)), batch_(read(asker)) {}

  [[nodiscard]] Batch& operator*() { return *batch_; }

  void answer(py::bytes results, const std::tuple<std::int64_t, std::int64_t, std::uint64_t>& turn) {
    answer_ = std::move(results);
    const std::string_view bytes = view_of(answer_);
    bool matches = false;
    {
      const py::gil_scoped_release released;
      matches = batch_->answer(bytes, Turn{std::get<0>(turn), std::get<1>(turn), std::get<2>(turn)});
    }
    if (!matches) throw py::value_error("these are not the results of this batch's commands");
  }

  [[nodiscard]] py::bytes write() {
    std::string_view response;
    {
      const py::gil_scoped_release released;
      response = batch_->write();
    }
    if (response.empty()) throw py::value_error("these are no results");
    return {response.data(), response.size()};
  }

 private:
  std::unique_ptr<Batch> read(const Asker& asker) {
    const std::string_view body = view_of(body_);
    const py::gil_scoped_release released;
    return std::make_unique<Batch>(body, Setting{codec_.instruments(), asker}, codec_.names());
  }

  const Codec& codec_;
  py::bytes body_;
  py::bytes answer_;
  std::unique_ptr<Batch> batch_;
};

py::bytes bytes_of(std::string_view view) { return {view.data(), view.size()}; }

py::tuple read_message(const py::bytes& message) {
  const auto found = exchange::codec::read_message(view_of(message));
  return py::make_tuple(found.kind, bytes_of(found.body));
}

py::tuple split_results(const py::bytes& response, const std::vector<std::size_t>& counts) {
  const auto [parts, turn] = exchange::codec::split_results(view_of(response), counts);
  if (parts.size() != counts.size()) throw py::value_error("these are not the results of so many commands");
  py::list list;
  for (const std::string_view part : parts) list.append(bytes_of(part));
  return py::make_tuple(list, py::make_tuple(turn.sequenced_time_ns, turn.matched_time_ns, turn.queue_length));
}

py::list refused(HeldBatch& held) {
  py::list list;
  for (const RefusedItem& item : (*held).refused()) {
    list.append(py::make_tuple(item.index, item.kind, static_cast<int>(item.reason), bytes_of(item.request),
                               bytes_of(item.result), item.engine_seq));
  }
  return list;
}

void add_words(py::module_& module) {
  py::native_enum<MessageKind>(module, "MessageKind", "enum.Enum")
      .value("UNREADABLE", MessageKind::kUnreadable)
      .value("OPEN_SESSION", MessageKind::kOpenSession)
      .value("BATCH", MessageKind::kBatch)
      .value("HEARTBEAT", MessageKind::kHeartbeat)
      .value("CLOSE", MessageKind::kClose)
      .finalize();
  py::native_enum<ItemKind>(module, "ItemKind", "enum.Enum")
      .value("NONE", ItemKind::kNone)
      .value("PLACE", ItemKind::kPlace)
      .value("AMEND", ItemKind::kAmend)
      .value("CANCEL", ItemKind::kCancel)
      .value("MASS_CANCEL", ItemKind::kMassCancel)
      .value("GROUP", ItemKind::kGroup)
      .finalize();
  py::native_enum<BatchFault>(module, "BatchFault", "enum.Enum")
      .value("NONE", BatchFault::kNone)
      .value("ITEM_COUNT", BatchFault::kItemCount)
      .value("ACCEPTANCE", BatchFault::kAcceptance)
      .value("RESPONSE_MODE", BatchFault::kResponseMode)
      .value("TOGETHER_COUNT", BatchFault::kTogetherCount)
      .value("TOGETHER_KIND", BatchFault::kTogetherKind)
      .finalize();
}

void add_batch(py::module_& module) {
  py::class_<HeldBatch>(module, "Batch")
      .def(py::init([](const Codec& codec, py::bytes body, std::uint64_t account_id, std::uint64_t session_id,
                       std::int64_t now_ns) {
             return std::make_unique<HeldBatch>(codec, std::move(body), Asker{account_id, session_id, now_ns});
           }),
           py::keep_alive<1, 2>(), py::arg("codec"), py::arg("body"), py::kw_only(), py::arg("account_id"),
           py::arg("session_id"), py::arg("now_ns"))
      .def_property_readonly("correlation_id", [](HeldBatch& held) { return (*held).correlation_id(); })
      .def_property_readonly("fault", [](HeldBatch& held) { return (*held).fault(); })
      .def_property_readonly("mode", [](HeldBatch& held) { return static_cast<int>((*held).mode()); })
      .def_property_readonly("unknown_symbols", [](HeldBatch& held) {
             const auto symbols = (*held).unknown_symbols();
             return std::vector<std::string>(symbols.begin(), symbols.end());
           })
      .def_property_readonly("order_count", [](HeldBatch& held) { return (*held).order_count(); })
      .def_property_readonly("cancel_count", [](HeldBatch& held) { return (*held).cancel_count(); })
      .def_property_readonly("commands", [](HeldBatch& held) { return bytes_of((*held).commands()); })
      .def_property_readonly("command_count", [](HeldBatch& held) { return (*held).command_count(); })
      .def("answer", &HeldBatch::answer, py::arg("results"), py::arg("turn"))
      .def("refused", &refused)
      .def("explain", [](HeldBatch& held, std::size_t index, std::string status) {
             (*held).explain(index, std::move(status));
           }, py::arg("index"), py::arg("status"))
      .def("write", &HeldBatch::write);
}

}  // namespace

PYBIND11_MODULE(_codec, module) {
  add_words(module);
  py::class_<Codec>(module, "Codec")
      .def(py::init<const std::vector<std::pair<std::uint32_t, std::string>>&, std::string>(), py::arg("reasons"),
           py::arg("otherwise"))
      .def("know", &Codec::know, py::kw_only(), py::arg("instrument_id"), py::arg("symbol"), py::arg("price_scale"),
           py::arg("quantity_scale"), py::arg("quote_scale"));
  add_batch(module);
  module.def("read_message", &read_message, py::arg("message"));
  module.def("split_results", &split_results, py::arg("response"), py::arg("counts"));
  module.attr("MAX_ITEMS") = exchange::codec::kMaxItems;
  module.attr("MAX_TOGETHER") = exchange::codec::kMaxTogether;
}
