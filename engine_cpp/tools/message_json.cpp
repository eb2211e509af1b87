#include "message_json.hpp"

#include <cstdio>
#include <protozero/pbf_reader.hpp>
#include <utility>
#include <vector>

namespace exchange::engine::tools {
namespace {

// `google.protobuf.FieldDescriptorProto.Type`, those that the contracts use.
enum Type : std::int32_t {
  kInt64 = 3,
  kUint64 = 4,
  kInt32 = 5,
  kFixed64 = 6,
  kBool = 8,
  kString = 9,
  kMessage = 11,
  kUint32 = 13,
  kEnum = 14,
  kSint32 = 17,
  kSint64 = 18,
};

constexpr std::int32_t kRepeated = 3;

std::string text_of(protozero::data_view view) { return {view.data(), view.size()}; }
std::string_view view_of(protozero::data_view view) { return {view.data(), view.size()}; }

}  // namespace

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

MessageJson::MessageJson(std::string_view descriptors) {
  protozero::pbf_reader set(descriptors.data(), descriptors.size());
  while (set.next(1)) read_file(view_of(set.get_view()));
}

void MessageJson::read_file(std::string_view file) {
  std::string package;
  std::vector<std::string_view> messages;
  std::vector<std::string_view> enums;
  for (protozero::pbf_reader in(file.data(), file.size()); in.next();) {
    switch (in.tag()) {
      case 2: package = std::string(".").append(text_of(in.get_view())); break;
      case 4: messages.push_back(view_of(in.get_view())); break;
      case 5: enums.push_back(view_of(in.get_view())); break;
      default: in.skip();
    }
  }
  for (const std::string_view each : messages) read_message(package, each);
  for (const std::string_view each : enums) read_enum(package, each);
}

void MessageJson::read_message(const std::string& scope, std::string_view message) {
  std::string name;
  Fields fields;
  std::vector<std::string_view> nested;
  std::vector<std::string_view> enums;
  for (protozero::pbf_reader in(message.data(), message.size()); in.next();) {
    switch (in.tag()) {
      case 1: name = scope + "." + text_of(in.get_view()); break;
      case 2: fields.insert(read_field(view_of(in.get_view()))); break;
      case 3: nested.push_back(view_of(in.get_view())); break;
      case 4: enums.push_back(view_of(in.get_view())); break;
      default: in.skip();
    }
  }
  for (const std::string_view each : nested) read_message(name, each);
  for (const std::string_view each : enums) read_enum(name, each);
  messages_[name] = std::move(fields);
}

void MessageJson::read_enum(const std::string& scope, std::string_view message) {
  std::string name;
  Values values;
  for (protozero::pbf_reader in(message.data(), message.size()); in.next();) {
    if (in.tag() == 1) {
      name = scope + "." + text_of(in.get_view());
    } else if (in.tag() == 2) {
      std::string value;
      std::int32_t number = 0;
      for (protozero::pbf_reader part = in.get_message(); part.next();) {
        if (part.tag() == 1) {
          value = text_of(part.get_view());
        } else if (part.tag() == 2) {
          number = part.get_int32();
        } else {
          part.skip();
        }
      }
      values.emplace(number, std::move(value));
    } else {
      in.skip();
    }
  }
  enums_[name] = std::move(values);
}

std::pair<std::uint32_t, MessageJson::Field> MessageJson::read_field(std::string_view message) {
  std::uint32_t number = 0;
  Field field;
  for (protozero::pbf_reader in(message.data(), message.size()); in.next();) {
    switch (in.tag()) {
      case 1: field.name = text_of(in.get_view()); break;
      case 3: number = static_cast<std::uint32_t>(in.get_int32()); break;
      case 4: field.repeated = in.get_enum() == kRepeated; break;
      case 5: field.type = in.get_enum(); break;
      case 6: field.type_name = text_of(in.get_view()); break;
      default: in.skip();
    }
  }
  return {number, std::move(field)};
}

std::string MessageJson::field_name(const std::string& type, std::uint32_t number) const {
  return messages_.at(type).at(number).name;
}

std::string MessageJson::field_type(const std::string& type, std::uint32_t number) const {
  return messages_.at(type).at(number).type_name;
}

std::string MessageJson::object(const std::string& type, std::string_view message) const {
  const Fields& fields = messages_.at(type);
  std::map<std::uint32_t, std::vector<std::string>> values;
  for (protozero::pbf_reader in(message.data(), message.size()); in.next();) {
    const auto found = fields.find(in.tag());
    if (found == fields.end()) {
      in.skip();
      continue;
    }
    const Field& field = found->second;
    std::string value;
    switch (field.type) {
      case kInt64: value = std::to_string(in.get_int64()); break;
      case kUint64: value = std::to_string(in.get_uint64()); break;
      case kInt32: value = std::to_string(in.get_int32()); break;
      case kFixed64: value = std::to_string(in.get_fixed64()); break;
      case kBool: value = in.get_bool() ? "true" : "false"; break;
      case kString: value = json_text(view_of(in.get_view())); break;
      case kMessage: value = object(field.type_name, view_of(in.get_view())); break;
      case kUint32: value = std::to_string(in.get_uint32()); break;
      case kEnum: {
        const std::int32_t number = in.get_enum();
        const Values& names = enums_.at(field.type_name);
        const auto named = names.find(number);
        value = named == names.end() ? std::to_string(number) : json_text(named->second);
        break;
      }
      case kSint32: value = std::to_string(in.get_sint32()); break;
      case kSint64: value = std::to_string(in.get_sint64()); break;
      default: in.skip(); continue;
    }
    values[found->first].push_back(std::move(value));
  }
  std::string out = "{";
  for (const auto& [number, of_field] : values) {
    const Field& field = fields.at(number);
    if (out.size() > 1) out += ", ";
    out.append(json_text(field.name)).append(": ");
    if (field.repeated) out += "[";
    for (std::size_t i = 0; i < of_field.size(); ++i) out.append(i > 0 ? ", " : "").append(of_field[i]);
    if (field.repeated) out += "]";
  }
  out += "}";
  return out;
}

}  // namespace exchange::engine::tools
