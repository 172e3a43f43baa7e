#include "ra/tracking/tensorboard_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "ra/tracking/event_log.h"
#include "ra/tracking/proto_writer.h"

namespace ra {
namespace {

// Field numbers of tensorboard.Event, Summary, Summary.Value, Summary.Image, TensorProto and SummaryMetadata.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4, kTensor = 8, kMetadata = 9 };
enum ImageField { kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4 };
enum TensorField { kType = 1, kShape = 2, kText = 8 };
enum MetadataField { kPlugin = 1 };
enum PluginField { kPluginName = 1 };
constexpr int kStringTensor = 7;

// A page shows no more of a table than this.
constexpr std::size_t kMostTableRows = 200;

ProtoWriter text_value(std::string_view tag, std::string_view markdown) {
  ProtoWriter tensor, plugin, metadata, value;
  tensor.integer(kType, kStringTensor).message(kShape, ProtoWriter()).bytes(kText, markdown);
  plugin.bytes(kPluginName, "text");
  metadata.message(kPlugin, plugin);
  value.bytes(kTag, tag).message(kMetadata, metadata).message(kTensor, tensor);
  return value;
}

ProtoWriter scalar_value(std::string_view tag, double number) {
  ProtoWriter value;
  value.bytes(kTag, tag).number(kSimpleValue, static_cast<float>(number));
  return value;
}

ProtoWriter image_value(const TrackedPicture& picture) {
  ProtoWriter image, value;
  image.integer(kHeight, picture.height).integer(kWidth, picture.width).integer(kColorspace, picture.channels);
  image.bytes(kEncoded, picture.png);
  value.bytes(kTag, picture.name).message(kImage, image);
  return value;
}

std::string cell(const LoggedValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.6g}", *number);
  std::string text;
  if (const auto* words = std::get_if<std::string>(&value)) {
    for (const char c : *words) text += c == '|' || c == '\n' ? ' ' : c;
  }
  return text;
}

std::string markdown(const TrackedTable& table) {
  std::string text = fmt::format("| {} |\n|{}\n", fmt::join(table.columns, " | "), [&] {
    std::string rule;
    for (std::size_t k = 0; k < table.columns.size(); ++k) rule += " --- |";
    return rule;
  }());
  for (std::size_t k = 0; k < std::min(table.rows.size(), kMostTableRows); ++k) {
    text += "|";
    for (const LoggedValue& value : table.rows[k]) text += " " + cell(value) + " |";
    text += "\n";
  }
  if (table.rows.size() > kMostTableRows) text += fmt::format("\n{} more rows\n", table.rows.size() - kMostTableRows);
  return text;
}

ProtoWriter summary_event(double time, std::int64_t step, const ProtoWriter& summary) {
  ProtoWriter event;
  event.number(kWallTime, time).integer(kStep, step).message(kSummary, summary);
  return event;
}

}  // namespace

std::filesystem::path TensorBoardSink::location(const std::filesystem::path& folder, const RunIdentity& identity) {
  return folder / fmt::format("events.out.tfevents.{}.{}", static_cast<std::int64_t>(identity.started), identity.id);
}

TensorBoardSink::TensorBoardSink(const std::filesystem::path& folder, const TrackedRun& run,
                                 const RunIdentity& identity)
    : file_(location(folder, identity)) {
  ProtoWriter version, summary;
  version.number(kWallTime, identity.started).bytes(kFileVersion, "brain.Event:2");
  file_.append(frame_event(version.data()));
  // Indented by four: preformatted in Markdown, whatever it holds.
  std::string config;
  for (std::size_t begin = 0; begin < run.config_text.size();) {
    const std::size_t end = std::min(run.config_text.find('\n', begin), run.config_text.size());
    config += "    " + run.config_text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  summary.message(kValue, text_value("config", config));
  file_.append(frame_event(summary_event(identity.started, 0, summary).data()));
}

void TensorBoardSink::row(const TrackedRow& row) {
  ProtoWriter summary;
  for (const auto& [name, value] : row.values) {
    if (const auto* number = std::get_if<double>(&value)) summary.message(kValue, scalar_value(name, *number));
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      summary.message(kValue, scalar_value(name, static_cast<double>(*whole)));
    }
  }
  for (const TrackedPicture& picture : row.pictures) summary.message(kValue, image_value(picture));
  for (const TrackedTable& table : row.tables) summary.message(kValue, text_value(table.name, markdown(table)));
  if (!summary.data().empty()) file_.append(frame_event(summary_event(row.timestamp, row.step, summary).data()));
}

}  // namespace ra
