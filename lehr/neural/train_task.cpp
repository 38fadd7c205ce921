#include "lehr/neural/train_task.hpp"

#include <fstream>
#include <memory>

#include "lehr/core/drive.hpp"
#include "lehr/core/files.hpp"
#include "lehr/neural/sample_text.hpp"
#include "lehr/neural/torch_runtime.hpp"
#include "lehr/neural/train.hpp"

namespace lehr::neural {
namespace {

struct TrainOptions {
  std::string text;
  Schedule schedule = Schedule::parse("warmup(0.05, wsd(peak=3e-3, to=3e-4, start=0.8))");
  std::int64_t steps = 2000, batch = 16;
  TransformerSize size;
  AdamW optimizer;
  double validation_share = 0.05;
  std::int64_t log_every = 20, eval_every = 0, eval_windows = 512;
  std::int64_t sample = 200;
  std::string log, checkpoint, device = "cpu";
  std::int64_t checkpoint_every = 0, torch_threads = 1;

  void describe(OptionTable& table) {
    table.add("text", text, "the text file to learn; its bytes are the tokens").required();
    table.add("schedule", schedule, "learning rate by step, warm-up included");
    table.add("steps", steps, "training steps").range(1, 1e9);
    table.add("batch", batch, "windows of text per step").range(1, 65536);
    table.add("context", size.context, "length of a window").unit("bytes").range(1, 8192);
    table.add("layers", size.layers, "transformer layers").range(1, 128);
    table.add("width", size.width, "width of the residual stream; heads must divide it").range(1, 16384);
    table.add("heads", size.heads, "attention heads").range(1, 256);
    table.add("beta1", optimizer.beta1, "AdamW's decay of the mean gradient").range(0, 1).below(1);
    table.add("beta2", optimizer.beta2, "AdamW's decay of the mean squared gradient").range(0, 1).below(1);
    table.add("epsilon", optimizer.epsilon, "AdamW's addition to the denominator").above(0);
    table
        .add("weight_decay", optimizer.weight_decay,
             "AdamW's decay of the matrices, per unit of learning rate")
        .at_least(0);
    table.add("clip", optimizer.clip, "largest L2 norm of a gradient; 0: no clipping").at_least(0);
    table.add("validation_share", validation_share, "the end of the text that is kept for validation")
        .range(0, 1)
        .above(0)
        .below(1);
    table.add("log_every", log_every, "steps per row of the log; a row holds means over them")
        .unit("steps")
        .at_least(1);
    table.add("eval_every", eval_every, "steps between validations; 0: after the last step only")
        .unit("steps")
        .at_least(0);
    table.add("eval_windows", eval_windows, "windows of the validation part per validation").range(1, 1e7);
    table.add("sample", sample, "bytes of text that the trained model writes into the report")
        .range(0, 100000);
    table.add("log", log, "CSV file to write: step, lr, loss, grad_norm, grad_norm_1");
    table.add("checkpoint", checkpoint,
              "safetensors file to save the run in, and to go on from with --resume");
    table.add("checkpoint_every", checkpoint_every, "steps between checkpoints; 0: every 30 seconds")
        .unit("steps")
        .at_least(0);
    table.add("device", device, "where torch computes").choices({"cpu", "cuda"});
    table.add("torch_threads", torch_threads, "threads of torch; results are equal for equal counts")
        .range(1, 1024);
  }
};

// A rate that cannot be used at any step is refused before the run starts.
void check_rates(const Schedule& schedule, std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    const double lr = schedule.at(step, steps);
    if (!(lr >= 0 && lr <= 1e9))
      throw InvalidInput("schedule: {} is {} at step {} of {}; a learning rate lies in [0, 1e9]",
                         schedule.text(), lr, step, steps);
  }
}

// Writes rows into the log file while the run goes on, so that it can be watched; the task replaces the file
// by the whole log at the end.
Observer live_log(const std::filesystem::path& path, const Train& method, std::int64_t every) {
  auto file = std::make_shared<std::ofstream>(path);
  if (!*file) throw IoError(path.string(), "cannot be written");
  *file << TrainLog{}.csv() << std::flush;
  const auto see = [file, &method, every](const Moment& now, const Row& row) {
    if (method.row_ends(now))
      *file << fmt::format("{},{},{},{},{}\n", now.step, *row.find("lr"), *row.find("loss"),
                           *row.find("grad_norm"), *row.find("grad_norm_1"))
            << std::flush;
    return (now.step + 1) / every * every + every - 1;  // the last step of the interval that follows
  };
  return {see, {}};
}

Observers observers_for(const TrainOptions& options, const TaskContext& context, const Train& method) {
  Observers observers = context.observers;
  if (!options.log.empty())
    observers.list.push_back(live_log(context.resolve(options.log), method, options.log_every));
  if (!options.checkpoint.empty())
    observers.checkpoints.path = context.resolve(options.checkpoint);
  else if (!context.directory.empty())
    observers.checkpoints.path = context.directory / "train.safetensors";
  observers.checkpoints.every_steps = options.checkpoint_every;
  if (const auto folder = observers.checkpoints.path.parent_path(); !folder.empty())
    std::filesystem::create_directories(folder);
  return observers;
}

std::vector<Figure> figures(const TrainLog& log, const std::string& schedule) {
  using Style = Series::Style;
  const auto series = [](std::string label, Style style, const std::vector<double>& x,
                         const std::vector<double>& y) {
    return Series{std::move(label), style, x, y, {}, {}, -1};
  };
  const auto axis = [](std::string label) { return Axis{std::move(label), false, {}, {}}; };
  const Figure loss{"loss",
                    "Loss",
                    "Cross-entropy by step under " + schedule,
                    axis("step"),
                    axis("nats per byte"),
                    {series("training", Style::line, log.step, log.loss),
                     series("validation", Style::points, log.val_step, log.val_loss)}};
  const Figure rate{
      "learning-rate", "Learning rate",       schedule,
      axis("step"),    axis("learning rate"), {series("learning rate", Style::line, log.step, log.lr)}};
  return {loss, rate};
}

Report report_on(const Run<Train::State>& run, const TrainOptions& options, const ByteTransformer& model,
                 const std::filesystem::path& checkpoint) {
  const TrainLog& log = run.state.log;
  Report report;
  report.title = "Training a byte transformer";
  report.metric("final_loss", log.final_loss());
  if (!log.val_loss.empty()) report.metric("val_loss", log.val_loss.back());
  report.metric("steps", static_cast<double>(run.used.steps));
  report.metric("parameters", static_cast<double>(model.parameter_count()));
  report.figures = figures(log, options.schedule.text());
  report.artifacts.push_back({"log", "csv", log.csv(), ""});
  report.artifacts.push_back({"validation", "csv", log.validation_csv(), ""});
  report.artifacts.push_back({"schedule", "txt", options.schedule.text() + "\n", ""});
  if (!checkpoint.empty()) report.artifacts.push_back({"model", "safetensors", "", checkpoint.string()});
  if (run.used.steps < options.steps)
    report.notes.push_back(
        fmt::format("Stopped after step {} of {}; the same command with --resume goes on{}.", run.used.steps,
                    options.steps, checkpoint.empty() ? ", given a checkpoint file" : ""));
  return report;
}

Report train(const TrainOptions& options, TaskContext& context) {
  check_rates(options.schedule, options.steps);
  const ByteTransformer model(options.size);
  const torch::Device device = device_named(options.device);
  set_torch_threads(options.torch_threads);
  const ByteCorpus corpus =
      ByteCorpus::read(context.resolve(options.text), options.validation_share, options.size.context);
  const Train method(model, corpus,
                     {.learning_rate = options.schedule,
                      .optimizer = options.optimizer,
                      .batch = options.batch,
                      .log_every = options.log_every,
                      .eval_every = options.eval_every,
                      .eval_windows = options.eval_windows,
                      .device = device});
  const Observers observers = observers_for(options, context, method);
  const auto run = drive(method, Budget::steps(options.steps), context.seed, observers);

  if (!options.log.empty()) write_file_atomically(context.resolve(options.log), run.state.log.csv());
  Report report = report_on(run, options, model, observers.checkpoints.path);
  if (options.sample > 0)
    report.artifacts.push_back(
        {"sample", "txt",
         sample_text(model, run.state.variables.parameters, corpus.bytes().substr(0, 1), options.sample, 0.8,
                     Stream(context.seed, lane("sample"))),
         ""});
  return report;
}

// What torch throws, most often for want of memory, becomes one line without its backtrace.
Report run_train(const TrainOptions& options, TaskContext& context) try {
  return train(options, context);
} catch (const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  throw InvalidInput("torch cannot run this training: {}", what.substr(0, what.find('\n')));
}

}  // namespace

Task train_task() {
  return make_task<TrainOptions>(
      "neural.train", "train",
      "trains a byte-level transformer on a text file under a learning-rate schedule",
      "One step is AdamW on one batch of windows of the text, at the rate that the schedule gives for that "
      "step; warm-up "
      "is part of the schedule. The log has the columns step, lr, loss, grad_norm and grad_norm_1: a row "
      "stands at the "
      "last step of its interval, with means over the interval's steps, and `lehr forecast` reads it as it "
      "is.\n"
      "Runs with one seed share initial parameters and batches whatever their schedules, so that their "
      "difference is "
      "the schedules'. Metrics: final_loss (mean of the last 5 % of the log's rows) and val_loss "
      "(cross-entropy on the "
      "end of the text that training never sees), in nats per byte.",
      {"train --text book.txt --steps 6000 --schedule \"warmup(300steps, cosine(from=3e-3, to=3e-4))\" "
       "--log "
       "cosine.csv",
       "train --text book.txt --schedule 'table(\"lr.csv\")' --checkpoint run.safetensors --resume"},
      run_train);
}

}  // namespace lehr::neural
