use tf_provider::StringEnum;

#[derive(StringEnum, Clone, Debug)]
struct Sort {
    name: String,
}

fn main() {}
