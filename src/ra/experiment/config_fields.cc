#include "ra/experiment/config_fields.h"

// The keys of an experiment file. To add an option:
//   1. add the member with its default to the option struct of its folder, and its range to validate(),
//   2. add its line below.
// It is then read, written, checked for its type, part of the schema, and reachable by --set.

namespace ra {
namespace {

// A field whose value is an enum: the visitor sees the word.
template <class T, std::size_t N>
void choose(FieldVisitor& v, const Field& field, const Word<T> (&words)[N], T& value) {
  std::vector<std::string> names;
  std::string name;
  for (const auto& [word, meaning] : words) {
    names.emplace_back(word);
    if (meaning == value) name = word;
  }
  v.choice(field, names, name);
  for (const auto& [word, meaning] : words) {
    if (word == name) value = meaning;
  }
}

template <class T>
void list(FieldVisitor& v, const Field& field, std::vector<T>& sections, void (*visit)(FieldVisitor&, T&)) {
  v.list(field, {sections.size(), [&](std::size_t size) { sections.assign(size, T{}); },
                 [&](FieldVisitor& inner, std::size_t i) { visit(inner, sections[i]); }});
}

void visit_data(FieldVisitor& v, DataOptions& data) {
  v.value({"train",
           "Training slices. Every entry is an image, a folder, a glob or a CSV list (one header line, then a "
           "path a line)."},
          data.train);
  v.value({"val", "Validation slices."}, data.val);
  v.value({"test", "Test slices."}, data.test);
  v.value({"root", "Folder that relative paths start from; empty is the working directory."}, data.root);
  v.value({"allow_overlap", "Whether train, val and test may share subjects; reports then say so."},
          data.allow_overlap);
}

void visit_input(FieldVisitor& v, InputOptions& input) {
  static constexpr Word<InputScaling> kScalings[] = {{"native", InputScaling::kNative},
                                                     {"reference", InputScaling::kReference}};
  choose(v, {"scaling", "How pixel values become [0, 1]: native, or as the reference does it."}, kScalings,
         input.scaling);
}

void visit_model(FieldVisitor& v, ModelOptions& model) {
  v.value({"image_channels", "Channels of the image: 1 for gray, 3 for colour."}, model.image_channels);
  v.value({"latent_size", "Length of the latent vector."}, model.latent_size);
  v.value({"channels", "Width of each encoder level, outermost first; every level halves the image."}, model.channels);
  v.value({"image_size", "Side of the square image in pixels: a power of two from 32 to 512."}, model.image_size);
  v.value({"expand_equal_channels",
           "Whether a block between two levels of equal width has a 1x1 convolution in its "
           "skip path."},
          model.expand_equal_channels);
  v.value({"expand_equal_channels_above", "With expand_equal_channels: only equal widths above this have one."},
          model.expand_equal_channels_above);
  v.value({"conditional", "Whether a condition vector joins the features and the latent vector."}, model.conditional);
  v.value({"condition_size", "Length of the condition vector, where conditional."}, model.condition_size);
}

void visit_augmentation(FieldVisitor& v, AugmentationOptions& augmentation) {
  v.value({"enabled", "Whether training slices are augmented."}, augmentation.enabled);
  v.value({"max_degrees", "Rotation within +- this many degrees."}, augmentation.max_degrees);
  v.value({"max_translation", "Shift within +- this share of the side."}, augmentation.max_translation);
  v.value({"min_scale", "Smallest isotropic scale."}, augmentation.min_scale);
  v.value({"max_scale", "Largest isotropic scale."}, augmentation.max_scale);
  v.value({"flip_probability", "Probability of a left-right flip."}, augmentation.flip_probability);
}

void visit_warmup(FieldVisitor& v, WarmupOptions& warmup) {
  v.value({"epochs", "Epochs as a plain VAE before the introspective ones; 0 for none."}, warmup.epochs);
  v.value({"learning_rate", "Learning rate of these epochs."}, warmup.learning_rate);
  v.value({"beta_kl", "Weight of the KL divergence in these epochs."}, warmup.beta_kl);
}

void visit_loss(FieldVisitor& v, LossOptions& loss) {
  v.value({"beta_rec", "Weight of the squared reconstruction error."}, loss.beta_rec);
  v.value({"beta_kl", "Weight of the KL divergence of real images."}, loss.beta_kl);
  v.value({"beta_neg", "Weight of the KL divergence of generated images, inside the exponential terms."},
          loss.beta_neg);
  v.value({"gamma_r", "Weight of the re-decoded terms of the decoder step."}, loss.gamma_r);
  v.value({"embedding_weight", "Weight of the embedding loss."}, loss.embedding_weight);
}

void visit_schedule(FieldVisitor& v, ScheduleOptions& schedule) {
  static constexpr Word<ScheduleKind> kKinds[] = {
      {"constant", ScheduleKind::kConstant}, {"step", ScheduleKind::kStep}, {"cosine", ScheduleKind::kCosine}};
  choose(v, {"kind", "constant (the paper's), step or cosine."}, kKinds, schedule.kind);
  v.value({"ramp_steps", "Introspective steps over which the rate first rises linearly; 0 for none."},
          schedule.ramp_steps);
  v.value({"every_epochs", "With step: the rate is multiplied by factor after every so many introspective epochs."},
          schedule.every_epochs);
  v.value({"factor", "See every_epochs."}, schedule.factor);
  v.value({"final_share", "With cosine: the share of the rate that is left at the end of the last epoch."},
          schedule.final_share);
}

void visit_checkpoints(FieldVisitor& v, CheckpointOptions& checkpoints) {
  v.value({"minutes", "Least minutes between two saved states; 0 saves as often as the disk takes them."},
          checkpoints.minutes);
  v.value({"keep", "Newest states that are kept, beside best.pt."}, checkpoints.keep);
  v.value({"give_up_minutes",
           "Training goes on while nothing can be saved (a full disk), and stops after so many minutes."},
          checkpoints.give_up_minutes);
}

void visit_training(FieldVisitor& v, TrainingOptions& training) {
  static constexpr Word<BatchNormMode> kModes[] = {{"frozen", BatchNormMode::kFrozen},
                                                   {"batch", BatchNormMode::kBatch}};
  static constexpr Word<Fidelity> kFidelities[] = {{"exact", Fidelity::kExact}, {"fast", Fidelity::kFast}};
  static constexpr Word<Precision> kPrecisions[] = {{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}};
  v.value({"epochs", "Introspective epochs, after the warm-up."}, training.epochs);
  v.value({"batch_size", "Slices a step."}, training.batch_size);
  v.value({"learning_rate", "Learning rate of both Adam optimisers."}, training.learning_rate);
  v.value({"patience", "Introspective epochs without a better validation loss before training stops."},
          training.patience);
  v.value({"max_minutes", "Wall-clock limit in minutes, after which the epoch in progress is the last; 0 for none."},
          training.max_minutes);
  choose(v, {"batch_norm", "frozen, as the reference trains, or batch."}, kModes, training.batch_norm);
  choose(v,
         {"fidelity",
          "exact: a step computes what the reference computes. fast: nothing twice, and no terms of a weight below "
          "1e-6; needs batch_norm frozen."},
         kFidelities, training.fidelity);
  choose(v,
         {"precision",
          "Arithmetic of the network in a step, fp32 or bf16; weights, moments, losses and validation stay float32."},
         kPrecisions, training.precision);
  v.value({"cuda_graphs", "Whether a GPU is given a whole step at a time, as a CUDA graph; of no effect on a CPU."},
          training.cuda_graphs);
  v.value({"latent",
           "How validation reconstructs: mean, sample, average:K, or auto (measures all at the end and "
           "keeps the best)."},
          training.latent);
  v.value({"gradient_clip", "Largest global norm of each network's gradients; 0 for no limit."},
          training.gradient_clip);
  v.value({"average_decay",
           "Decay a step of a moving average of the weights, which is then validated and screened with; 0 for none."},
          training.average_decay);
  v.value({"max_bad_steps", "Steps that may be skipped because a loss or a gradient is not finite."},
          training.max_bad_steps);
  v.value({"loader_threads", "Threads that prepare slices; results do not depend on it."}, training.loader_threads);
  v.value({"examples_every", "Example pictures every this many epochs; 0 for none."}, training.examples_every);
  v.section({"warmup", "A plain VAE before the introspective epochs."},
            [&](FieldVisitor& inner) { visit_warmup(inner, training.warmup); });
  v.section({"loss", "Weights of the loss terms."}, [&](FieldVisitor& inner) { visit_loss(inner, training.loss); });
  v.section({"schedule", "How the learning rate of the introspective epochs changes."},
            [&](FieldVisitor& inner) { visit_schedule(inner, training.schedule); });
  v.section({"checkpoints", "When the state of the run is saved."},
            [&](FieldVisitor& inner) { visit_checkpoints(inner, training.checkpoints); });
}

void visit_tracking(FieldVisitor& v, TrackingOptions& tracking) {
  v.value(
      {"sinks",
       "What a run is logged to beside metrics.jsonl: tensorboard (event files in RUN/tensorboard), wandb (an offline "
       "run in RUN/wandb, for `wandb sync`), both or none."},
      tracking.sinks);
  v.value({"project", "Project of the W&B run; empty is the experiment's name."}, tracking.project);
  v.value({"name", "Name of the W&B run; empty is the run folder's name."}, tracking.name);
}

void visit_detection(FieldVisitor& v, DetectionOptions& detection) {
  v.value({"latent", "Latent rule: mean, sample, average:K, or empty for what the model says."}, detection.latent);
  v.choice({"perceptual",
            "Perceptual distance: the model's own embeddings, LPIPS with SqueezeNet, or empty for what the model says "
            "(encoder if it does not)."},
           {"", "encoder", "squeezenet"}, detection.perceptual);
  v.value({"perceptual_weights", "Folder of squeeze.backbone.pth and squeeze.pth, for squeezenet."},
          detection.perceptual_weights);
  v.choice({"backend",
            "Engine that scores slices: torch (the exact one), native (the fastest on CPUs), openvino, or empty for "
            "what a bundle was calibrated with (torch for a checkpoint)."},
           {"", "torch", "openvino", "native"}, detection.backend);
  v.choice({"precision",
            "Arithmetic of scores: fp32, bf16, or empty for what a bundle was calibrated with (fp32 for a "
            "checkpoint)."},
           {"", "fp32", "bf16"}, detection.precision);
  v.value({"samples", "Extra stochastic reconstructions a slice, for the spread of its score; 0 for none."},
          detection.samples);
}

void visit_set(FieldVisitor& v, EvaluationSet& set) {
  v.value({"name", "A name with 'Normal' in it makes the set healthy."}, set.name);
  v.value({"test", "Its images, as in data."}, set.test);
  v.value({"labels", "One box mask an image, in the same order."}, set.labels);
  v.value({"masks", "One mask an image of where a positive pixel counts as false."}, set.masks);
}

void visit_task(FieldVisitor& v, DownstreamTask& task) {
  static constexpr Word<DownstreamKind> kKinds[] = {{"detection", DownstreamKind::kDetection},
                                                    {"localization", DownstreamKind::kLocalization},
                                                    {"thresholding", DownstreamKind::kThresholding},
                                                    {"latents", DownstreamKind::kLatents},
                                                    {"pseudo_healthy", DownstreamKind::kPseudoHealthy}};
  v.value({"name", "Names the folder of its results."}, task.name);
  choose(v, {"kind", "detection, localization, thresholding, latents or pseudo_healthy."}, kKinds, task.kind);
  v.value({"output", "Folder of its results; empty is RUN/downstream/NAME."}, task.output);
  list(v, {"datasets", "Named sets of test images."}, task.datasets, visit_set);
}

}  // namespace

void visit_fields(FieldVisitor& v, ExperimentConfig& config) {
  v.value({"name", "Names the run folder."}, config.name);
  v.choice({"task", "train (train, test, then every downstream task), or test (downstream tasks only, with weights)."},
           {"train", "test"}, config.task);
  v.value({"weights", "Model file for task test."}, config.weights);
  v.value({"output", "Run folder; empty is runs/TIME_NAME."}, config.output);
  v.value({"seed", "Seed of every random number."}, config.seed);
  v.choice({"device", "auto (CUDA if there is one), cpu or cuda."}, {"auto", "cpu", "cuda"}, config.device);
  v.section({"data", "Where the slices come from."}, [&](FieldVisitor& inner) { visit_data(inner, config.data); });
  v.section({"input", "How a slice becomes what the network sees."},
            [&](FieldVisitor& inner) { visit_input(inner, config.input); });
  v.section({"model", "The shape of the network."}, [&](FieldVisitor& inner) { visit_model(inner, config.model); });
  v.section({"augmentation", "Random changes of training slices."},
            [&](FieldVisitor& inner) { visit_augmentation(inner, config.augmentation); });
  v.section({"training", "How the model is trained."},
            [&](FieldVisitor& inner) { visit_training(inner, config.training); });
  v.section({"tracking", "Where a run can be watched from."},
            [&](FieldVisitor& inner) { visit_tracking(inner, config.tracking); });
  v.section({"detection", "How a slice is scored."},
            [&](FieldVisitor& inner) { visit_detection(inner, config.detection); });
  list(v, {"downstream_tasks", "What is done with the trained model."}, config.downstream_tasks, visit_task);
}

}  // namespace ra
