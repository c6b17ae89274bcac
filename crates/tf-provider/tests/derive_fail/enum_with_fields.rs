use tf_provider::StringEnum;

#[derive(StringEnum, Clone, Debug)]
enum Sort {
    One(String),
}

fn main() {}
