use tf_provider::StringEnum;

#[derive(StringEnum, Clone, Debug)]
enum Sort {
    #[tf(name = "one")]
    One,
}

fn main() {}
